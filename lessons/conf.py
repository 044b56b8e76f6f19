"""The lessons as a site, by Sphinx: `make lessons` runs every script and shows what it gave."""

from pathlib import Path

import nbformat

project = "Fashion Twins"
author = project
html_title = "Fashion Twins: Keras and JAX side by side"
copyright = ""  # noqa: A001 (Sphinx looks for this name)
extensions = ["myst_nb", "sphinx_design"]
include_patterns = ["index.md", "two_programs.md", "bring-your-own-port.md", "[0-9]*.py"]

nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_merge_streams = True
nb_output_stderr = "remove"
nb_render_image_options = {"alt": "This lesson's figure; its evidence says the same in numbers"}
myst_heading_anchors = 3

html_theme = "sphinx_book_theme"
html_theme_options = {"show_toc_level": 2, "use_fullscreen_button": False}
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_show_sphinx = False


def offer_notebook(app, pagename, _template, context, _doctree) -> None:
    """Puts the executed notebook beside the page, for the theme's download button."""
    executed = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if not executed.exists():
        return
    notebook = nbformat.read(executed, as_version=4)
    for cell in notebook.cells:  # what frameworks say of the machine is no part of a lesson
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    sources = Path(app.outdir) / "_sources"
    sources.mkdir(exist_ok=True)
    nbformat.write(notebook, sources / executed.name)
    context["ipynb_source"] = executed.name


def setup(app) -> None:
    """Sphinx calls this; before the theme, which makes the button."""
    app.connect("html-page-context", offer_notebook, priority=100)
