from django.contrib.auth import views as auth
from django.urls import include, path

from lianpu.site.api import api

urlpatterns = [
    path("sign-in/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
    path("api/", api.urls),
    path("", include("lianpu.desk.urls")),
    path("", include("lianpu.places.urls")),
    path("", include("lianpu.chains.urls")),
    path("", include("lianpu.register.urls")),
]
handler403 = "lianpu.site.views.forbidden"
handler404 = "lianpu.site.views.not_found"
handler500 = "lianpu.site.views.broken"
