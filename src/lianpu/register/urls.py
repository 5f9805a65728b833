from django.urls import path

from lianpu.register.views import dictionary, imports, lists, rows

app_name = "register"
urlpatterns = [
    path("dictionary/", dictionary.dictionary_page, name="dictionary"),
    path("<slug:slug>/", lists.list_page, name="list"),
    path("<slug:slug>/export.<str:form>", lists.export_file, name="export"),
    path("<slug:slug>/template.xlsx", lists.template_file, name="template"),
    path("<slug:slug>/new/", rows.form_page, name="new"),
    path("<slug:slug>/import/", imports.import_page, name="import"),
    path("<slug:slug>/import/commit/", imports.import_commit, name="commit"),
    path("<slug:slug>/import/<int:pk>/", imports.run_page, name="run"),
    path("<slug:slug>/import/<int:pk>/result/", imports.run_result, name="result"),
    path("<slug:slug>/<int:pk>/", rows.detail_page, name="detail"),
    path("<slug:slug>/<int:pk>/edit/", rows.form_page, name="edit"),
]
