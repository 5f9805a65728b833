from django.urls import path

from lianpu.desk import views
from lianpu.desk.comparing import views as comparing
from lianpu.desk.portfolio.views import portfolio_page
from lianpu.desk.scenario import views as scenario

app_name = "desk"
urlpatterns = [
    path("", views.cockpit, name="cockpit"),
    path("pairing/", views.pairing_page, name="pairing"),
    path("pairing/<str:segment>/pairs.<str:form>", views.pairs_file, name="pairs-file"),
    path("pairing/<str:segment>/targets.<str:form>", views.targets_file, name="targets-file"),
    path("pairing/<str:segment>/lead/", views.lead_from_target, name="target-lead"),
    path("portfolio/", portfolio_page, name="portfolio"),
    path("scenario/", scenario.scenario_page, name="scenario"),
    path("scenario/keep/", scenario.keep, name="scenario-keep"),
    path("scenario/compare/", scenario.compare, name="scenario-compare"),
    path("scenario/scenario.xlsx", scenario.scenario_file, name="scenario-file"),
    path("compare/", comparing.compare_page, name="compare"),
    path("compare/<str:table>.<str:form>", comparing.compare_file, name="compare-file"),
    path("desk/<str:code>/health/", comparing.health_panel, name="health"),
    path("desk/<str:code>/", views.chain_desk, name="chain"),
    path("desk/<str:code>/dossier.<str:form>", views.dossier, name="dossier"),
    path("desk/<str:code>/<str:segment>/", views.segment_sheet, name="segment"),
    path("desk/<str:code>/<str:segment>/falls/", views.falls_panel, name="falls"),
]
