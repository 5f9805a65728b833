from django.urls import path

from lianpu.places import views

urlpatterns = [path("places/<slug:code>/boundary.json", views.boundary, name="boundary")]
