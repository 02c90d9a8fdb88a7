"""Rules in CEL: expressions are parsed and checked here, evaluated by `cel`, and judged over declarations and plans."""
