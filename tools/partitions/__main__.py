"""Writes the tables and the plot of hot partitions in docs/capacity.md; takes half a minute."""

from tools.capacity import PAGE
from tools.cost import write_tables
from tools.partitions import page


def main() -> None:
    """Write the tables and the plot."""
    for name, table in page.tables().items():
        if name == page.PLOTTED:
            plot = page.plot(table)
            plot.write()
            write_tables(PAGE, f"{plot.markdown(PAGE)}\n\n{table}", name)
        else:
            write_tables(PAGE, table, name)


if __name__ == "__main__":
    main()
