from django.urls import path

from lianpu.register import views

app_name = "register"
urlpatterns = [
    path("dictionary/", views.dictionary_page, name="dictionary"),
    path("<slug:slug>/", views.list_page, name="list"),
    path("<slug:slug>/export.<str:form>", views.export_file, name="export"),
    path("<slug:slug>/template.xlsx", views.template_file, name="template"),
    path("<slug:slug>/new/", views.form_page, name="new"),
    path("<slug:slug>/import/", views.import_page, name="import"),
    path("<slug:slug>/import/commit/", views.import_commit, name="commit"),
    path("<slug:slug>/import/<int:pk>/", views.run_page, name="run"),
    path("<slug:slug>/import/<int:pk>/result/", views.run_result, name="result"),
    path("<slug:slug>/<int:pk>/", views.detail_page, name="detail"),
    path("<slug:slug>/<int:pk>/edit/", views.form_page, name="edit"),
]
