"""The steps of the page, one module each: `layout` makes the parts, `wire` joins them."""
