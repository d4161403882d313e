"""Write the plots and the table of docs/benchmarks.md from the figures of the last run."""

from bench.report import page, results

if __name__ == "__main__":
    page.write(results.read())
