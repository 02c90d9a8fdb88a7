"""Joins the edges and the core, a module a job. Nothing is imported here: who plans does not load what writes."""
