"""The models in the OpenAPI document have the fields that the queries return."""

from dataclasses import fields

import pytest

from serving.api.routes import posts as post_routes
from serving.api.routes import quality as quality_routes
from serving.api.routes import query as query_routes
from serving.api.routes import shapes
from serving.queries import posts, quality, shared, volume


def names(dataclass):
    return [field.name for field in fields(dataclass)]


@pytest.mark.parametrize(
    ("model", "dataclass"),
    [
        (query_routes.QueryOut, volume.Volume),
        (query_routes.Cell, volume.Cell),
        (shapes.AsOf, shared.AsOf),
        (shapes.Completeness, shared.Completeness),
        (quality_routes.QualityOut, quality.Quality),
        (quality_routes.QuarantinedOut, quality.Quarantined),
        (quality_routes.FatesOut, shared.Fates),
        (quality_routes.CostOut, quality.Cost),
        (quality_routes.QuotaOut, quality.Quota),
    ],
    ids=lambda made: made.__name__,
)
def test_a_shape_has_the_fields_of_what_is_returned(model, dataclass):
    assert [*model.model_fields] == names(dataclass)


def test_a_post_has_a_reference_in_place_of_its_key():
    shown = {*names(posts.Post)} - {"post_key"} | {"post_ref"}
    assert {*post_routes.PostOut.model_fields} == shown


def test_a_job_of_the_pipeline_is_told_without_its_fates():
    assert {*quality_routes.JobOut.model_fields} == {*names(shared.Batches)} - {"fates"}
