"""Settings of the documentation's build; it needs no network, nor does the built site."""

import sys
from pathlib import Path

import minigrad

sys.path.insert(0, str(Path(__file__).parent))  # for the local extension, site_parts.py

project = "minigrad"
author = "The minigrad authors"
copyright = "2026, The minigrad authors"  # Sphinx's own name for it
version = release = minigrad.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "site_parts",
]
exclude_patterns = ["_build", "_generated"]
nitpicky = True

# API pages: signatures stay short, types are told by the numpydoc sections.
autodoc_typehints = "none"
autosummary_generate = True
autosummary_filename_map = {  # apart even where file names know no capitals
    "minigrad.extend.Primitive": "minigrad.extend.Primitive-class",
}
numpydoc_show_class_members = False  # the class template lists them, with targets
templates_path = ["_templates"]

doctest_global_setup = "import numpy as np\nimport minigrad as mg"

intersphinx_mapping = {  # written by inv/make_inventories.py
    "numpy": ("https://numpy.org/doc/stable", "inv/numpy.inv"),
    "python": ("https://docs.python.org/3", "inv/python.inv"),
}

mathjax_path = "mathjax/tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}  # its entries would load files we do not ship

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": "../tutorials",
    "gallery_dirs": "tutorials",
    "filename_pattern": r"(plot_|\d+_)[^/\\]*\.py$",
    "ignore_pattern": r"(^|[/\\])_[^/\\]*\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("minigrad",),
    "image_scrapers": ("site_parts.figures_in_words",),
    "image_srcset": ["2x"],  # sharp on screens with small pixels, too
    "reset_modules": ("matplotlib", "site_parts.use_docs_matplotlibrc"),
    "capture_repr": ("_repr_html_", "__repr__"),
    "show_memory": False,
    "min_reported_time": 1,
    "write_computation_times": False,  # that page loads scripts from elsewhere
}

html_theme = "furo"
pygments_dark_style = "a11y-dark"
html_title = "minigrad"
html_domain_indices = False  # the general index has the modules, too
html_static_path = ["_static"]
html_css_files = [("site.css", {"priority": 900})]  # after the extensions' own
html_js_files = ["site.js"]
