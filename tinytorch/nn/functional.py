"""What layers and losses compute, as functions of Tensors, where a PyTorch user looks for them."""

from tinytorch._lazy import face

_POOLS = ("adaptive_avg_pool", "adaptive_max_pool", "avg_pool", "lp_pool", "max_pool")

__getattr__, __dir__, __all__ = face(
    __name__,
    {
        "tinytorch.functional": (
            *(
                "elu",
                "gelu",
                "leaky_relu",
                "linear",
                "log_softmax",
                "logsigmoid",
                "normalize",
                "one_hot",
                "pad",
                "relu",
            ),
            *("sigmoid", "silu", "softmax", "softplus", "tanh"),
        ),
        "tinytorch.losses": (
            *("binary_cross_entropy_with_logits", "cross_entropy", "l1_loss", "mse_loss", "nll_loss"),
        ),
        "tinytorch.conv": ("conv1d", "conv2d", "fold=fold_images", "unfold=unfold_images"),
        "tinytorch.pooling": [f"{pool}{dims}d" for pool in _POOLS for dims in (1, 2)],
        "tinytorch.regularization": ("batch_norm", "dropout", "dropout1d", "dropout2d", "layer_norm"),
    },
)
