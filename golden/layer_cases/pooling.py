"""Pooling, up-sampling, zero-padding and cropping. Channels come last unless told otherwise."""

import torch
from torch.nn import functional as F

POOLS = {"max": [F.max_pool1d, F.max_pool2d, F.max_pool3d], "average": [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d]}
ADAPTIVE = {"Max": [F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d],
            "Average": [F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d]}
SIZES = [(7,), (6, 5), (4, 3, 5)]


def last(work):
    """`work` on channels-first values, for channels-last ones."""
    return lambda x, **rest: work(x.movedim(-1, 1), **rest).movedim(1, -1)


def same(kind, size, stride):
    """Keras' padding 'same': the odd element of the margin stands behind, and a mean leaves the margin out."""
    def work(x):
        spatial = x.shape[2:]
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(spatial, size, stride)]
        pads = [p for t in reversed(total) for p in (t // 2, t - t // 2)]
        pool = POOLS[kind][len(spatial) - 1]
        if kind == "max":
            return pool(F.pad(x, pads, value=-torch.inf), size, stride)
        return pool(F.pad(x, pads), size, stride) / pool(F.pad(torch.ones_like(x), pads), size, stride)
    return work


def cases(case, draw):
    rows = []
    for rank in (1, 2, 3):
        sizes = SIZES[rank - 1]
        shape = (2, *sizes, 2)
        first = (2, 2, *sizes)
        for kind, pools in POOLS.items():
            layer, pool = f"{kind}Pooling{rank}d", pools[rank - 1]
            rows.append(case(layer, {}, [draw(*shape)], {}, last(lambda x, f=pool: f(x, 2))))
            rows.append(case(layer, {"poolSize": 3, "strides": 2, "padding": "same"}, [draw(*shape)], {},
                             last(same(kind, [3] * rank, [2] * rank))))
            rows.append(case(layer, {"poolSize": 3, "strides": 1, "dataFormat": "channelsFirst"}, [draw(*first)], {},
                             lambda x, f=pool: f(x, 3, 1)))
        for kind, pools in ADAPTIVE.items():
            layer, pool = f"global{kind}Pooling{rank}d", pools[rank - 1]
            rows.append(case(layer, {}, [draw(*shape)], {}, lambda x, f=pool: f(x.movedim(-1, 1), 1).flatten(1)))
            rows.append(case(layer, {"keepdims": True}, [draw(*shape)], {}, last(lambda x, f=pool: f(x, 1))))
            rows.append(case(layer, {"keepdims": True, "dataFormat": "channelsFirst"}, [draw(*first)], {}, lambda x, f=pool: f(x, 1)))
        up = {} if rank == 1 else {"dataFormat": "channelsFirst"}
        rows.append(case(f"upSampling{rank}d", {}, [draw(*shape)], {}, last(lambda x: F.interpolate(x, scale_factor=2))))
        rows.append(case(f"upSampling{rank}d", {"size": 3, **up}, [draw(*(first if up else shape))], {},
                         (lambda x: F.interpolate(x, scale_factor=3)) if up else last(lambda x: F.interpolate(x, scale_factor=3))))
        rows.append(case(f"zeroPadding{rank}d", {}, [draw(*shape)], {}, last(lambda x, r=rank: F.pad(x, [1] * 2 * r))))
        rows.append(case(f"cropping{rank}d", {}, [draw(*shape)], {}, last(lambda x, r=rank: F.pad(x, [-1] * 2 * r))))
    rows.append(case("maxPooling2d", {"poolSize": [2, 3], "strides": [1, 2]}, [draw(1, 5, 6, 1)], {},
                     last(lambda x: F.max_pool2d(x, (2, 3), (1, 2)))))
    rows.append(case("averagePooling2d", {"poolSize": [1, 2], "strides": [2, 3], "padding": "same"}, [draw(1, 5, 7, 1)], {},
                     last(same("average", [1, 2], [2, 3]))))
    rows.append(case("upSampling2d", {"size": [3, 1], "interpolation": "bilinear"}, [draw(2, 3, 4, 2)], {},
                     last(lambda x: F.interpolate(x, scale_factor=(3, 1), mode="bilinear"))))
    rows.append(case("upSampling2d", {"interpolation": "bilinear", "dataFormat": "channelsFirst"}, [draw(2, 2, 3, 4)], {},
                     lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")))
    rows.append(case("zeroPadding1d", {"padding": [2, 0]}, [draw(2, 3, 2)], {}, lambda x: F.pad(x, (0, 0, 2, 0))))
    rows.append(case("zeroPadding2d", {"padding": [1, [0, 2]], "dataFormat": "channelsFirst"}, [draw(2, 2, 3, 4)], {},
                     lambda x: F.pad(x, (0, 2, 1, 1))))
    rows.append(case("zeroPadding3d", {"padding": [0, [1, 0], 2]}, [draw(1, 2, 3, 2, 1)], {}, lambda x: F.pad(x, (0, 0, 2, 2, 1, 0))))
    rows.append(case("cropping1d", {"cropping": [2, 0]}, [draw(2, 4, 2)], {}, lambda x: x[:, 2:]))
    rows.append(case("cropping2d", {"cropping": [[0, 1], 2], "dataFormat": "channelsFirst"}, [draw(2, 2, 3, 5)], {},
                     lambda x: x[:, :, :-1, 2:-2]))
    rows.append(case("cropping3d", {"cropping": [[1, 0], 1, 0]}, [draw(1, 3, 4, 2, 2)], {}, lambda x: x[:, 1:, 1:-1]))

    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [0, 1, 0, 1, 0]]).bool()
    mean = lambda x: (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
    largest = lambda x: x.masked_fill(~mask[:, :, None], -torch.inf).amax(1)
    rows.append(case("globalAveragePooling1d", {}, [draw(3, 5, 2)], {}, mean, mask=mask))
    rows.append(case("globalMaxPooling1d", {}, [draw(3, 5, 2)], {}, largest, mask=mask))
    swapped = lambda work: lambda x: work(x.transpose(1, 2)).unsqueeze(2)
    rows.append(case("globalAveragePooling1d", {"dataFormat": "channelsFirst", "keepdims": True}, [draw(3, 2, 5)], {}, swapped(mean), mask=mask))
    rows.append(case("globalMaxPooling1d", {"dataFormat": "channelsFirst", "keepdims": True}, [draw(3, 2, 5)], {}, swapped(largest), mask=mask))
    return rows
