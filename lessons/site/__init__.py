"""The lessons as a static site, and as notebooks: pages that say what their code gave."""
