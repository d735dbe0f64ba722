"""New packages with a component: their names, their files from templates, and how they are written."""

from globscope.scaffold.write_package import write_package as write_package
