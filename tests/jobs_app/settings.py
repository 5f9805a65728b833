"""The settings of the house with the tests' own jobs beside: for commands that tests start."""

from lianpu.site.settings import *  # noqa: F403
from lianpu.site.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "jobs_app"]
