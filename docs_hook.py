"""Hook of mkdocs: the pages in docs/es say that they are in Spanish, to browsers and to those who read pages aloud."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page


def on_post_page(output: str, /, *, page: Page, config: MkDocsConfig) -> str:
    spanish = page.file.src_uri.startswith("es/")
    return output.replace('<html lang="en"', '<html lang="es"', 1) if spanish else output
