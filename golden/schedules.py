"""Learning rates by PyTorch's schedulers and by Keras' schedules in float64, for golden/schedules.json."""

import json
import os
import pathlib
import warnings

# Keras on PyTorch: TensorFlow and PyTorch in one process crash.
os.environ["KERAS_BACKEND"] = "torch"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras  # noqa: E402, I001
import torch  # noqa: E402
from torch.optim import lr_scheduler  # noqa: E402

STEPS = list(range(0, 61))


def by_torch(rate, make):
    warnings.simplefilter("ignore")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    scheduler = make(optimizer)
    rates = []
    for _ in STEPS:
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        try:
            scheduler.step()
        except ValueError:  # OneCycleLR past its end
            break
    return [float(r) for r in rates]


def by_keras(schedule):
    return [float(schedule(step)) for step in STEPS]


def main():
    keras.backend.set_floatx("float64")
    k = keras.optimizers.schedules
    t = lr_scheduler
    cases = []

    def case(type_, config, source, rates):
        cases.append({"type": type_, "config": config, "source": source, "rates": rates})

    case("stepDecay", {"initialLearningRate": 0.4, "stepSize": 7, "gamma": 0.5}, "torch StepLR",
         by_torch(0.4, lambda o: t.StepLR(o, 7, gamma=0.5)))
    case("stepDecay", {"initialLearningRate": 0.4, "stepSize": 20}, "torch StepLR", by_torch(0.4, lambda o: t.StepLR(o, 20)))
    case("exponentialDecay", {"initialLearningRate": 0.3, "decaySteps": 1, "decayRate": 0.95}, "torch ExponentialLR",
         by_torch(0.3, lambda o: t.ExponentialLR(o, 0.95)))
    for staircase in (False, True):
        case("exponentialDecay", {"initialLearningRate": 0.3, "decaySteps": 9, "decayRate": 0.7, "staircase": staircase},
             "keras ExponentialDecay", by_keras(k.ExponentialDecay(0.3, 9, 0.7, staircase=staircase)))
    case("cosineDecay", {"initialLearningRate": 0.2, "decaySteps": 60}, "torch CosineAnnealingLR",
         by_torch(0.2, lambda o: t.CosineAnnealingLR(o, 60)))
    case("cosineDecay", {"initialLearningRate": 0.2, "decaySteps": 60, "alpha": 0.1}, "torch CosineAnnealingLR",
         by_torch(0.2, lambda o: t.CosineAnnealingLR(o, 60, eta_min=0.02)))
    case("cosineDecay", {"initialLearningRate": 0.2, "decaySteps": 40, "alpha": 0.1}, "keras CosineDecay",
         by_keras(k.CosineDecay(0.2, 40, alpha=0.1)))
    case("cosineDecay", {"initialLearningRate": 0.01, "decaySteps": 30, "alpha": 0.05, "warmupTarget": 0.2, "warmupSteps": 12},
         "keras CosineDecay", by_keras(k.CosineDecay(0.01, 30, alpha=0.05, warmup_target=0.2, warmup_steps=12)))
    case("cosineDecayRestarts", {"initialLearningRate": 0.2, "firstDecaySteps": 8}, "torch CosineAnnealingWarmRestarts",
         by_torch(0.2, lambda o: t.CosineAnnealingWarmRestarts(o, 8, T_mult=2)))
    case("cosineDecayRestarts", {"initialLearningRate": 0.2, "firstDecaySteps": 11, "tMul": 1}, "torch CosineAnnealingWarmRestarts",
         by_torch(0.2, lambda o: t.CosineAnnealingWarmRestarts(o, 11)))
    case("cosineDecayRestarts", {"initialLearningRate": 0.2, "firstDecaySteps": 9, "tMul": 1.5, "mMul": 0.8, "alpha": 0.1},
         "keras CosineDecayRestarts", by_keras(k.CosineDecayRestarts(0.2, 9, t_mul=1.5, m_mul=0.8, alpha=0.1)))
    case("warmUp",
         {"schedule": {"type": "stepDecay", "config": {"initialLearningRate": 0.4, "stepSize": 10, "gamma": 0.5}}, "steps": 12,
          "startFactor": 0.25},
         "torch SequentialLR",
         by_torch(0.4, lambda o: t.SequentialLR(
             o, [t.LinearLR(o, start_factor=0.25, total_iters=12), t.StepLR(o, 10, gamma=0.5)], milestones=[12])))
    case("warmUp", {"schedule": 0.4, "steps": 10, "startFactor": 1 / 3}, "torch LinearLR",
         by_torch(0.4, lambda o: t.LinearLR(o, total_iters=10)))
    for strategy in ("cos", "linear"):
        for three in (False, True):
            case("oneCycle", {"maxLearningRate": 0.5, "totalSteps": 60, "annealStrategy": strategy, "threePhase": three}, "torch OneCycleLR",
                 by_torch(0.5, lambda o: t.OneCycleLR(o, 0.5, total_steps=60, anneal_strategy=strategy, three_phase=three,
                                                      cycle_momentum=False))[:60])
    case("oneCycle", {"maxLearningRate": 0.5, "totalSteps": 47, "warmupFraction": 0.21, "divFactor": 10, "finalDivFactor": 100},
         "torch OneCycleLR",
         by_torch(0.5, lambda o: t.OneCycleLR(o, 0.5, total_steps=47, pct_start=0.21, div_factor=10, final_div_factor=100,
                                              cycle_momentum=False))[:47])
    case("piecewiseConstantDecay", {"boundaries": [10, 25], "values": [1.0, 0.5, 0.1]}, "keras PiecewiseConstantDecay",
         by_keras(k.PiecewiseConstantDecay([10, 25], [1.0, 0.5, 0.1])))
    case("polynomialDecay", {"initialLearningRate": 0.3, "decaySteps": 45, "endLearningRate": 0, "power": 2}, "torch PolynomialLR",
         by_torch(0.3, lambda o: t.PolynomialLR(o, 45, power=2)))
    for cycle in (False, True):
        case("polynomialDecay", {"initialLearningRate": 0.3, "decaySteps": 25, "endLearningRate": 0.01, "power": 0.5, "cycle": cycle},
             "keras PolynomialDecay", by_keras(k.PolynomialDecay(0.3, 25, end_learning_rate=0.01, power=0.5, cycle=cycle)))

    golden = {"versions": {"torch": torch.__version__, "keras": keras.__version__}, "cases": cases}
    out = pathlib.Path(__file__).with_name("schedules.json")
    out.write_text(json.dumps(golden, separators=(",", ":")).replace('{"type"', '\n{"type"') + "\n")
    print(out.name, len(cases), "cases")


if __name__ == "__main__":
    main()
