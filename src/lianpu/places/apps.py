from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "lianpu.places"
    label = "places"
    verbose_name = "地区"
