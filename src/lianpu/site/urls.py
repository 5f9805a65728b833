from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from lianpu.site.api import api

urlpatterns = [
    path("", include("lianpu.site.accounts.urls")),
    path("language/", login_not_required(set_language), name="set_language"),
    path("api/", api.urls),
    path("", include("lianpu.desk.urls")),
    path("", include("lianpu.monitoring.urls")),
    path("", include("lianpu.promotion.urls")),
    path("", include("lianpu.projects.urls")),
    path("", include("lianpu.places.urls")),
    path("", include("lianpu.chains.urls")),
    path("", include("lianpu.enterprises.urls")),
    path("", include("lianpu.register.urls")),
]
handler403 = "lianpu.site.views.forbidden"
handler404 = "lianpu.site.views.not_found"
handler500 = "lianpu.site.views.broken"
