"""Pictures for the pages: every page with code begins with `pictures.begin()`."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib_inline.backend_inline import set_matplotlib_formats

VALUE, GRADIENT, THIRD = "#2f7dc4", "#d2601a", "#3a8f5c"  # what flows forward is blue, what flows back is orange


def begin():
    """Draw as SVG, show four digits of an array."""
    set_matplotlib_formats("svg", bbox_inches="tight")
    np.set_printoptions(precision=4, suppress=True, linewidth=88)


def image_row(images, titles=(), size=1.1):
    """Small gray images side by side."""
    figure, axes = plt.subplots(1, len(images), figsize=(size * len(images), size * 1.25), squeeze=False)
    for i, (ax, image) in enumerate(zip(axes[0], images, strict=True)):
        ax.imshow(image, cmap="gray")
        ax.axis("off")
        if i < len(titles):
            ax.set_title(titles[i], fontsize=9)
    return figure
