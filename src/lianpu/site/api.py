"""The REST interface, made once all registers are declared."""

from lianpu.register.api import the_api

api = the_api()
