"""The metrics that are recorded, the same for every version of a model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from studbook.demo.training.common import Metrics, rounded
from studbook.demo.training.tables import Targets


def classification(y: Targets, probabilities: NDArray[np.float64]) -> Metrics:
    """Accuracy and area under the ROC curve (higher is better), and log loss in nats (lower is better).

    Of more than two classes, the area is the mean over each against the rest. `probabilities` is (rows,
    classes), the classes being 0, 1, … in order.
    """
    # Runtimes that compute in float32 give rows that sum to one only nearly.
    share = probabilities / probabilities.sum(axis=1, keepdims=True)
    ranking = share[:, 1] if share.shape[1] == 2 else share
    return rounded(
        {
            "accuracy": metrics.accuracy_score(y, share.argmax(axis=1)),
            "auc": metrics.roc_auc_score(y, ranking, multi_class="ovr"),
            "log_loss": metrics.log_loss(y, share),
        }
    )


def regression(y: Targets, predicted: NDArray[np.float64]) -> Metrics:
    """R² (higher is better), root mean squared and mean absolute error in units of `y` (lower is better)."""
    flat = predicted.reshape(-1)
    return rounded(
        {
            "r2": metrics.r2_score(y, flat),
            "rmse": metrics.root_mean_squared_error(y, flat),
            "mae": metrics.mean_absolute_error(y, flat),
        }
    )
