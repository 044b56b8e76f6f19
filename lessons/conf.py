"""The lessons as a site, by Sphinx: `make lessons` runs every script and shows what it gave."""

from pathlib import Path

import jupytext
import nbformat

project = "Fashion Twins"
html_title = "Fashion Twins: Keras and JAX side by side"
extensions = ["myst_nb"]
include_patterns = ["*.md", "[0-9]*.py", "two_programs.py"]

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
    "navbar_persistent": [],
    "secondary_sidebar_items": [],
    "use_fullscreen_button": False,
}
html_context = {"default_mode": "auto"}
html_static_path = ["site.css"]
html_css_files = ["site.css"]


def read_script(text: str) -> nbformat.NotebookNode:
    """A lesson's script as a notebook, with its evidence and its answer folded."""
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
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
