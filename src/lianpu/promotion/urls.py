from django.urls import path

from lianpu.promotion import views

app_name = "promotion"
urlpatterns = [
    path("promotion/", views.funnel_page, name="funnel"),
    path("promotion/ranking/", views.ranking_page, name="ranking"),
    path("promotion/stale/", views.stale_page, name="stale"),
    path("promotion/findings/", views.from_findings_view, name="from-findings"),
    path("promotion/findings/<int:pk>/", views.from_finding_view, name="from-finding"),
    path("promotion/leads/<int:pk>/advance/", views.advance_view, name="advance"),
    path("promotion/leads/<int:pk>/withdraw/", views.withdraw_view, name="withdraw"),
    path("promotion/leads/<int:pk>/resume/", views.resume_view, name="resume"),
    path("promotion/leads/<int:pk>/funds/", views.funds_view, name="funds"),
    path("promotion/leads/<int:pk>/project/", views.become_view, name="become"),
]
