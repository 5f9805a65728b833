from django.urls import path

from lianpu.chains import views

urlpatterns = [
    path("placements/<int:pk>/decide/", views.decide_view, name="decide"),
    path("review/", views.review, name="review"),
    path("review/next/", views.review_next, name="review-next"),
    path("review/segments/", views.review_segments, name="review-segments"),
    path("review/choose/", views.review_choose, name="review-choose"),
    path("review/undo/", views.review_undo, name="review-undo"),
    path("review/decide/<int:pk>/", views.review_decide, name="review-decide"),
    path("review/outside/<int:pk>/", views.review_outside, name="review-outside"),
    path("review/train/", views.train_view, name="model-train"),
    path("review/model/", views.use_view, name="model-use"),
    path("placement-models/<int:pk>/changes/", views.model_changes, name="model-changes"),
    path("placement-models/<int:pk>/changes.<str:form>", views.model_changes_file, name="model-changes-file"),
    path("diagnose/", views.diagnose_view, name="diagnose"),
]
