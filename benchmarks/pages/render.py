"""Pages from templates: one self-contained HTML file each, readable without a network.

Templates are Jinja's. Whatever they insert is escaped, unless it is marked as markup.
"""

from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

HOME = Path(__file__).parent


def page_templates(folder: Path) -> Environment:
    """Templates of a folder and the common ones beside this file, `base.html` above all."""
    loaders = [FileSystemLoader(folder), FileSystemLoader(HOME)]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = Markup((HOME / "style.css").read_text())
    return environment
