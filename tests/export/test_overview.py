from colorkit.export.overview import overview


def test_interfaces_that_do_not_fit_are_left_out(several):
    """A network with hints has no RGB file; its other rows are there, and the reason is told."""
    table, _, left_out = overview(several).partition("\n\nLeft out:\n\n")
    _, _, *rows = table.partition("\n\n")[0].splitlines()
    precisions = [row.split("|")[2].strip(" `") for row in rows]
    assert precisions == ["float32", "float16", "int8-weights", "int8-dynamic"]
    assert left_out.startswith("- RGB to RGB, 512 x 512: interface 'rgb' wants one size")
