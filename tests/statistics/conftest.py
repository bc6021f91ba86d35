from hypothesis import settings

# Exact tests of large counts take longer on a busy machine than the usual deadline allows.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")
