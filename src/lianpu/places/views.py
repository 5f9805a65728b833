"""Boundaries for maps, as GeoJSON."""

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET


@require_GET
@cache_control(max_age=86_400, private=True)
def boundary(request: HttpRequest, code: str) -> FileResponse:
    """The children of a place as a FeatureCollection fit for ECharts ``registerMap``."""
    from lianpu.places.gazetteer import boundary_file

    try:
        path = boundary_file(settings.LIANPU_HOME / "places", code)
    except KeyError as missing:
        raise Http404(str(missing.args[0])) from missing
    return FileResponse(path.open("rb"), content_type="application/geo+json")
