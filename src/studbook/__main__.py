"""`python -m studbook`"""

from studbook.cli import main

main()
