from django.urls import path

from lianpu.projects.views import actions, board, dispatch, overview, papers

app_name = "projects"
urlpatterns = [
    path("dispatch/", board.board_page, name="board"),
    path("dispatch/rows/", board.rows_page, name="rows"),
    path("dispatch/gantt/", overview.gantt_page, name="gantt"),
    path("dispatch/map/", overview.map_page, name="map"),
    path("dispatch/mine/", dispatch.mine_page, name="mine"),
    path("dispatch/open/", dispatch.open_view, name="open"),
    path("dispatch/rounds/<str:month>/", dispatch.round_page, name="round"),
    path("dispatch/rounds/<str:month>/<str:verb>/", dispatch.round_verb, name="round-verb"),
    path("dispatch/sheets/<int:pk>/", dispatch.sheet_page, name="sheet"),
    path("dispatch/sheets/<int:pk>/rows/<int:project>/", dispatch.row_view, name="row"),
    path("dispatch/sheets/<int:pk>/<str:verb>/", dispatch.sheet_verb, name="sheet-verb"),
    path("dispatch/bulletin/<str:form>/", papers.bulletin_view, name="bulletin"),
    path("dispatch/letters/<int:pk>/", papers.letter_view, name="letter"),
    path("dispatch/projects/<int:pk>/total/", actions.total_view, name="total"),
    path("dispatch/projects/<int:pk>/production/", actions.production_view, name="production"),
    path("dispatch/findings/<int:pk>/answer/", actions.answer_view, name="answer"),
    path("dispatch/problems/<int:pk>/<str:verb>/", actions.problem_view, name="problem"),
]
