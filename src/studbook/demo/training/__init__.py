"""The scripts that trained the models which this repository registers.

`train` makes one version and records how; `evaluate` scores what was made. Both record what they measured: no
figure, hash or version of a package is typed by hand. Training again on the same machine, with the same
packages, gives the same metrics and the same bytes.

The data sets come with scikit-learn, the pretrained model with magika; nothing is downloaded.
"""

from studbook.demo.training.run import UnknownVersionError, evaluate, train, versions

__all__ = ["UnknownVersionError", "evaluate", "train", "versions"]
