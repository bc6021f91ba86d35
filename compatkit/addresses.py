"""Addresses: where the project and its documentation are published.

`OWNER` is the one line to replace once they are. The texts of the package, the links of the built
README and the addresses in the package's metadata are made of it.
"""

OWNER = "OWNER"
REPOSITORY = f"https://github.com/{OWNER}/compatkit"
DOCUMENTATION = f"https://{OWNER}.github.io/compatkit/docs"


def page(name: str) -> str:
    """Return the address of a page of the documentation, such as `page("gate")`."""
    return f"{DOCUMENTATION}/{name}.html"
