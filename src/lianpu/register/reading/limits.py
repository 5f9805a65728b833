"""How much a file may hold, and the error that says so: bounds that keep one upload from taking the machine."""

MAX_BYTES = 512 << 20  # of any file; a register of a million enterprises as csv
MAX_WORKBOOK_BYTES = 100 << 20  # of xlsx, xls, ods, which are held in memory whole
MAX_UNPACKED_BYTES = 1 << 30  # of a workbook's parts together, unpacked
MAX_PARTS = 10_000  # members of a workbook's zip
MAX_SHEETS = 200
MAX_ROWS = 1_500_000
MAX_COLUMNS = 1_000
MAX_CELLS = 12_000_000
MAX_MEMORY = 3 << 30  # address space of the process that opens a workbook
MAX_CPU_SECONDS = 120  # of the same process
MAX_SECONDS = 300  # by the clock
MAX_QUOTE_REPAIRS = 1_000  # lines of a csv whose quotes do not pair


class UnreadableError(Exception):
    """The file cannot be read at all; the message says what to do."""


def too_large(name: str, what: str) -> UnreadableError:
    """``what`` says how large it is and what is allowed."""
    return UnreadableError(f"{name} {what}。请删去多余的行、列和工作表，或拆成几个文件后分别报送。")


def check_size(name: str, rows: int, columns: int) -> None:
    """Raise where a table of so many rows and columns goes beyond what is read."""
    if rows > MAX_ROWS:
        raise too_large(name, f"超过{MAX_ROWS:,}行的上限")
    if rows * columns > MAX_CELLS:
        raise too_large(name, f"有{rows:,}行、{columns:,}列，超过{MAX_CELLS:,}个单元格的上限")
