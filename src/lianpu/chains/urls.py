from django.urls import path

from lianpu.chains import views

urlpatterns = [
    path("placements/<int:pk>/decide/", views.decide_view, name="decide"),
    path("diagnose/", views.diagnose_view, name="diagnose"),
]
