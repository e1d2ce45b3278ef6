"""The docs site: `make site`. Pages are the Markdown files that the repository shows, wherever they lie."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

project, author = "Letheia", "The Letheia developers"
project_copyright = "The Letheia developers, Apache-2.0"
version = release = version_of("letheia")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
root_doc = "docs/index"
include_patterns = ["docs/**", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LOG.md", "SECURITY.md"]
myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]
suppress_warnings = ["myst.header"]  # a page may begin with any heading
html_theme = "furo"
html_title = f"Letheia {version}"
html_copy_source = html_show_sourcelink = False
html_static_path: list[str] = []
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_use_ivar = True
