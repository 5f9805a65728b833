"""WSGI entry point for granian (or gunicorn, its fallback)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianpu.site.settings")
application = get_wsgi_application()
