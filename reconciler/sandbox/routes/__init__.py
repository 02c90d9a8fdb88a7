"""The routes, one module for each group of the documentation; `table` lists them all."""
