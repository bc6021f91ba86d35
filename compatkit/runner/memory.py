"""Memory: what running out of it looks like."""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that a smaller batch might fit."""
    import torch  # noqa: PLC0415
    from accelerate.utils.memory import should_reduce_batch_size  # noqa: PLC0415

    if isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, Exception) and bool(should_reduce_batch_size(error))
