from django.urls import path

from lianpu.enterprises import views

urlpatterns = [
    path("enterprises/merge/", views.merge_page, name="merge"),
    path("enterprises/look-alikes/", views.look_alikes_page, name="look-alikes"),
    path("enterprise-merges/<int:pk>/split/", views.split_page, name="split"),
]
