"""What layers and losses compute, as functions of Tensors, where a PyTorch user looks for them."""

from tinytorch._lazy import face

__getattr__, __dir__, __all__ = face(
    __name__,
    {
        "tinytorch.functional": """
            elu embedding gelu leaky_relu linear log_softmax logsigmoid normalize one_hot pad relu sigmoid silu softmax
            softplus tanh""",
        "tinytorch.losses": """
            binary_cross_entropy binary_cross_entropy_with_logits cross_entropy l1_loss mse_loss nll_loss""",
        "tinytorch.conv": "conv1d conv2d fold=fold_images unfold=unfold_images",
        "tinytorch.pooling": """
            adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d avg_pool1d avg_pool2d
            lp_pool1d lp_pool2d max_pool1d max_pool2d""",
        "tinytorch.regularization": "batch_norm dropout dropout1d dropout2d layer_norm",
    },
)
