"""The GraphQL texts, pinned to those of the official SDK 7.17.0.

Labelbox supports its API through the SDK only, so these texts are kept as the SDK sends them
(fields that Bridge does not read are left out). Names end in ``PyApi``, as the SDK's do.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Operation"]


class Operation(NamedTuple):
    """One operation.

    Attributes:
        text: GraphQL.
        path: last part of the address, ``graphql`` or ``_gql`` ("experimental" in the SDK).
        repeatable: executing it twice is the same as executing it once.
        slow: may take minutes; waits longer for the answer.
    """

    text: str
    path: str = "graphql"
    repeatable: bool = True
    slow: bool = False

    @property
    def name(self) -> str:
        """Name of the operation, for errors."""
        return self.text.split(None, 2)[1].split("(")[0].split("{")[0].removesuffix("PyApi")


_TASK = "completionPercentage errors name result status type id"
_IMPORT = "errorFileUrl name progress state statusFileUrl id"

GET_USER = Operation("query GetUserPyApi{user{email id}}")

GET_PROJECT = Operation(
    "query GetProjectPyApi($param_0: ID!){project(where: {id: $param_0})"
    "{name allowedMediaType setupComplete id}}"
)

GET_ONTOLOGY = Operation(
    "query GetProjectOntologyPyApi($param_0: ID!){project(where: {id: $param_0})"
    "{ontology{name normalized id}}}"
)

GET_DATASET_ROWS = Operation(
    "query DatasetDataRowsPyApi($id: ID!, $from: ID, $first: Int, $where: DatasetDataRowWhereInput)"
    " { datasetDataRows(id: $id, from: $from, first: $first, where: $where)"
    " { nodes { globalKey id } pageInfo { hasNextPage startCursor } } }"
)

GET_TASK = Operation(
    "query GetUserCreatedTasksPyApi($param_0: ID!, $param_1: ID!){user(where: {id: $param_1})"
    f"{{createdTasks(where: {{id: $param_0}} skip: 0 first: 100){{{_TASK}}}}}}}"
)

# An export whose answer was lost is started anew: it changes nothing but the list of tasks.
EXPORT_PROJECT = Operation(
    "mutation exportDataRowsInProjectPyApi($input: ExportDataRowsInProjectInput!)"
    "{exportDataRowsInProject(input: $input){taskId isStreamable}}"
)

EXPORT_CATALOG = Operation(
    "mutation exportDataRowsInCatalogPyApi($input: ExportDataRowsInCatalogInput!)"
    "{exportDataRowsInCatalog(input: $input){taskId isStreamable}}"
)

EXPORT_HEADER = Operation(
    "query GetExportMetadataHeaderPyApi($where: WhereUniqueIdInput, $streamType: TaskStreamType!)"
    "{task(where: $where){exportMetadataHeader(streamType: $streamType){totalSize totalLines}}}"
)

EXPORT_FILE = Operation(
    "query GetExportFileFromOffsetPyApi($where: WhereUniqueIdInput, $streamType: TaskStreamType!,"
    " $offset: UInt64!){task(where: $where){exportFileFromOffset(streamType: $streamType,"
    " offset: $offset){offsets {start end} lines {start end} file}}}"
)

LIST_METADATA = Operation(
    "query GetMetadataOntologyBetaPyApi { customMetadataOntology { id name kind reserved } }"
)

MAKE_METADATA = Operation(
    "mutation UpsertCustomMetadataSchemaPyApi($data: UpsertCustomMetadataSchemaInput!)"
    " { upsertCustomMetadataSchema(data: $data){ id name kind } }",
    repeatable=False,
)

WRITE_METADATA = Operation(
    "mutation UpsertDataRowMetadataBetaPyApi($metadata: [DataRowCustomMetadataBatchUpsertInput!]!)"
    " { upsertDataRowCustomMetadata(data: $metadata){ globalKey dataRowId error"
    " fields { value schemaId } } }"
)

LIST_BATCHES = Operation(
    "query GetProjectBatchesPyApi($from: String, $first: PageSize, $projectId: ID!)"
    " { project(where: {id: $projectId}) {id batches(after: $from, first: $first)"
    " { nodes { createdAt name size id updatedAt } pageInfo { endCursor }}}}",
    path="_gql",
)

CREATE_BATCH = Operation(
    "mutation createBatchV2PyApi($projectId: ID!, $batchInput: CreateBatchInput!)"
    " { project(where: {id: $projectId}) { createBatchV2(input: $batchInput)"
    " { batch { createdAt name size id updatedAt } failedDataRowIds } } }",
    path="_gql",
    repeatable=False,
    slow=True,
)

CREATE_EMPTY_BATCH = Operation(
    "mutation createEmptyBatchPyApi($projectId: ID!, $input: CreateEmptyBatchInput!)"
    " { project(where: {id: $projectId}) { createEmptyBatch(input: $input) { id } } }",
    path="_gql",
    repeatable=False,
    slow=True,
)

# A row can be in a project once, so adding it twice adds it once.
ADD_TO_BATCH = Operation(
    "mutation addDataRowsToBatchAsyncPyApi($projectId: ID!, $input: AddDataRowsToBatchInput!)"
    " { project(where: {id: $projectId}) { addDataRowsToBatchAsync(input: $input) { taskId } } }",
    path="_gql",
    slow=True,
)

KEYS_PROCESSED = Operation(
    "query CheckAllDataRowsHaveBeenProcessedPyApi($globalKeys: [ID!])"
    " { queryAllDataRowsHaveBeenProcessed(globalKeys:$globalKeys)"
    " { allDataRowsHaveBeenProcessed } }"
)

IDS_PROCESSED = Operation(
    "query CheckAllDataRowsHaveBeenProcessedPyApi($dataRowIds: [ID!])"
    " { queryAllDataRowsHaveBeenProcessed(dataRowIds:$dataRowIds)"
    " { allDataRowsHaveBeenProcessed } }"
)

LOOK_UP_KEYS = Operation(
    "query getDataRowsForGlobalKeysPyApi($globalKeys: [ID!]!)"
    " { dataRowsForGlobalKeys(where: {ids: $globalKeys}) { jobId}}"
)

LOOK_UP_RESULT = Operation(
    "query getDataRowsForGlobalKeysResultPyApi($jobId: ID!)"
    " { dataRowsForGlobalKeysResult(jobId: {id: $jobId}) { data { fetchedDataRows { id }"
    " notFoundGlobalKeys accessDeniedGlobalKeys } jobStatus}}"
)

SHOW_PREDICTIONS = Operation(
    "mutation toggle_model_assisted_labelingPyApi($project_id: ID!, $show: Boolean!)"
    " { project(where: {id: $project_id }) { showPredictionsToLabelers(show: $show)"
    " { id, showingPredictionsToLabelers } } }"
)

IMPORT_PREDICTIONS = Operation(
    "mutation createMALPredictionImportByFilePyApi($projectId : ID!, $name: String!,"
    " $file: Upload!, $contentLength: Int!) { createModelAssistedLabelingPredictionImport(data:"
    " { projectId: $projectId name: $name filePayload: { file: $file, contentLength:"
    f" $contentLength}} }}) {{{_IMPORT}}} }}",
    repeatable=False,
    slow=True,
)

GET_IMPORT = Operation(
    "query getModelAssistedLabelingPredictionImportPyApi($projectId : ID!, $name: String!)"
    " { modelAssistedLabelingPredictionImport( where: {projectId: $projectId, name: $name})"
    f"{{ {_IMPORT} }}}}"
)


def list_benchmarks(skip: int, first: int) -> Operation:
    """Return the query for a page of benchmarks; its place stands in the text.

    The SDK asks for each benchmark's reference label in a call of its own; that the two relations
    can be asked for at once is unverified.
    """
    return Operation(
        "query GetProjectBenchmarksPyApi($param_0: ID!){project(where: {id: $param_0})"
        f"{{benchmarks(skip: {skip} first: {first}){{id referenceLabel{{id}}}}}}}}"
    )


def set_priorities(rows: str) -> Operation:
    """Return the mutation that gives rows their priorities; its data stand in the text.

    The SDK writes keys into the text without escaping them; ``rows`` must be escaped already.
    """
    return Operation(
        "mutation SetLabelingParameterOverridesPyApi($projectId: ID!) {project(where: "
        "{ id: $projectId }) {setLabelingParameterOverrides (dataWithDataRowIdentifiers: "
        f"[{rows}]) {{success}}}}}}"
    )
