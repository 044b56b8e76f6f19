"""The lessons as a site, by Sphinx: `make lessons` runs every script and shows what it gave."""

from importlib import metadata
from pathlib import Path

import jupytext
import nbformat
from docutils import nodes

IN_COLAB = """\
# In Colab, upload the .whl file that lies beside this notebook, and run this cell first.
import sys

if "google.colab" in sys.modules:
    %pip install --quiet fashion_twins-*.whl {versions}
"""
PINNED = ("flax", "grain", "jax", "keras", "optax", "orbax-checkpoint", "tensorflow")

project = "Fashion Twins"
html_title = "Fashion Twins: Keras and JAX side by side"
extensions = ["myst_nb"]
include_patterns = ["*.md", "[0-9]*.py", "quick_reference.py", "two_programs.py"]

nb_custom_formats = {".py": ["lessons.conf.read_script", {}]}
nb_execution_mode = "force"
nb_execution_show_tb = True  # a cell that fails is a warning, and a warning fails the build
nb_execution_timeout = 600
nb_merge_streams = True
nb_output_stderr = "remove"
nb_render_image_options = {"alt": "What this lesson's evidence says in numbers, as a figure"}
myst_heading_anchors = 2

html_theme = "sphinx_book_theme"
html_theme_options = {
    "footer_content_items": [],
    "home_page_in_toc": True,
    "navbar_persistent": [],
    "secondary_sidebar_items": [],
    "use_fullscreen_button": False,
}
html_context = {"default_mode": "auto"}
# Without the theme's brand, which stands outside of all landmarks.
html_sidebars = {"**": ["search-button-field.html", "sbt-sidebar-nav.html"]}
html_static_path = html_css_files = ["site.css"]
# The theme tells the browser's console of each of its steps.
html_js_files = [(None, {"body": "console.log = () => {}", "priority": 1})]


def read_script(text: str) -> nbformat.NotebookNode:
    """A lesson's script as a notebook, with its evidence and its answer folded."""
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    notebook.metadata["language_info"] = {"pygments_lexer": "ipython3"}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "hide-output" in tags:  # evidence: the lines that check it tell as much as they print
            cell.metadata["tags"] = ["hide-cell"]
            cell.metadata["mystnb"] = {"code_prompt_show": "Show what the code gave"}
        elif "hide-cell" in tags and cell.cell_type == "code":
            cell.metadata["mystnb"] = {"code_prompt_show": "Show the answer"}
        elif "hide-cell" in tags:  # MyST-NB folds code only
            words = f"<summary>Show the answer in words</summary>\n\n{cell.source}"
            cell.source = f"<details>\n{words}\n\n</details>"
    return notebook


def offer_notebook(app, pagename, _template, context, _doctree) -> None:
    """Puts the executed notebook, and what installs its versions, at the theme's button."""
    executed = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if not executed.exists():
        return
    notebook = nbformat.read(executed, as_version=4)
    for cell in notebook.cells:  # what frameworks say of the machine is no part of a lesson
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    versions = " ".join(f"{name}=={metadata.version(name)}" for name in PINNED)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(IN_COLAB.format(versions=versions)))
    sources = Path(app.outdir) / "_sources"
    sources.mkdir(exist_ok=True)
    nbformat.write(notebook, sources / executed.name)
    context["ipynb_source"] = executed.name


def number_title(app, doctree) -> None:
    """Puts a lesson's number before its title, as `twins lessons` does."""
    number = app.env.docname.partition("_")[0]
    if number.isdecimal():
        next(doctree.findall(nodes.title)).insert(0, nodes.Text(f"{int(number)}. "))


def setup(app) -> None:
    """Sphinx calls this; before the theme, which makes the button."""
    app.connect("html-page-context", offer_notebook, priority=100)
    app.connect("doctree-read", number_title, priority=100)  # before titles are collected
