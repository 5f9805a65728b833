from django.urls import path

from lianpu.monitoring import views

app_name = "monitoring"
urlpatterns = [path("figures/", views.figures_page, name="figures")]
