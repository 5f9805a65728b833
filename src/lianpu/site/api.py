"""The REST interface, made once all registers are declared."""

from lianpu.register.api import make_api

api = make_api()
