"""For all tests: a busy machine makes no example wrong."""

from hypothesis import settings

settings.register_profile("noisy", deadline=None)
settings.load_profile("noisy")
