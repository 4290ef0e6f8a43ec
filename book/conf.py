"""How the book is built: `make book`. Pages are MyST Markdown; their code cells are run, on the library in this checkout."""

import logging
import os
import sys
from pathlib import Path

BOOK = Path(__file__).resolve().parent
CHECKOUT = BOOK.parent

paths = [str(CHECKOUT), str(BOOK)]
sys.path[:0] = paths
os.environ["PYTHONPATH"] = os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])])  # for the cells
os.environ["MATPLOTLIBRC"] = str(BOOK / "matplotlibrc")
os.environ["JUPYTER_PATH"] = str(BOOK / "jupyter")  # a kernel that says nothing where nothing is wrong
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
logging.getLogger("traitlets").setLevel(logging.WARNING)

project = "tinytorch"
author = "the authors of tinytorch"
language = "en"
html_title = "tinytorch"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_design",
    "extensions.access",
    "extensions.course",
    "extensions.figures",
    "extensions.mathematics",
    "extensions.reference",
    "extensions.studies",
]
exclude_patterns = ["_build", "**/README.md", "studies/notes"]
smartquotes = False  # quotes stand in code and mean it

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "auto"
nb_execution_raise_on_error = True
nb_execution_timeout = 240
nb_merge_streams = True
nb_render_markdown_format = "myst"  # the tables that cells make
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
copybutton_exclude = ".linenos, .go"

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_favicon = "_static/icon.svg"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_math_renderer = "drawn"
html_theme_options = {
    "sidebar_hide_name": False,
    "navigation_with_keys": False,
    "light_css_variables": {
        "font-stack": "Charter, 'Bitstream Charter', 'Iowan Old Style', 'Source Serif 4', 'Sitka Text', Cambria, serif",
        "font-stack--headings": "Seravek, 'Gill Sans Nova', Ubuntu, Calibri, 'Source Sans 3', source-sans-pro, sans-serif",
        "color-brand-primary": "#1d5c96",
        "color-brand-content": "#1d5c96",
        "color-brand-visited": "#6a4a9c",
        "color-value": "#1d5c96",
        "color-gradient": "#b0440a",
        "color-wash": "#f4f7fa",
    },
    "dark_css_variables": {
        "color-brand-primary": "#84b9ef",
        "color-brand-content": "#84b9ef",
        "color-brand-visited": "#c3a6f0",
        "color-value": "#84b9ef",
        "color-gradient": "#ffa26b",
        "color-wash": "#1c2128",
    },
}

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_use_type_comments = False  # there are none, and to look for them takes a tenth of the build
python_use_unqualified_type_names = True
