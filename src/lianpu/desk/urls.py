from django.urls import path

from lianpu.desk import views

app_name = "desk"
urlpatterns = [
    path("", views.cockpit, name="cockpit"),
    path("desk/<str:code>/", views.chain_desk, name="chain"),
    path("desk/<str:code>/dossier.<str:form>", views.dossier, name="dossier"),
    path("desk/<str:code>/<str:segment>/", views.segment_sheet, name="segment"),
]
