SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.annotations (
    id bigint NOT NULL,
    annotation_id character varying(512) NOT NULL,
    item_id bigint NOT NULL,
    annotator text,
    status character varying(16) NOT NULL,
    value json,
    created_at character varying(32),
    updated_at character varying(32),
    revision bigint NOT NULL,
    digest character varying(32) NOT NULL,
    seconds double precision,
    ground_truth boolean NOT NULL,
    deleted boolean NOT NULL,
    seq bigint NOT NULL,
    sweep bigint NOT NULL
);
CREATE SEQUENCE public.annotations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.annotations_id_seq OWNED BY public.annotations.id;
CREATE TABLE public.batch_items (
    batch_id character varying(64) NOT NULL,
    item_id bigint NOT NULL,
    rank integer NOT NULL,
    score double precision NOT NULL,
    source character varying(16) NOT NULL,
    reason text NOT NULL,
    hold_out boolean NOT NULL,
    prediction json,
    state character varying(16) NOT NULL,
    why text,
    answers_upto bigint
);
CREATE TABLE public.batches (
    id character varying(64) NOT NULL,
    created_at character varying(32) NOT NULL,
    model_version character varying(64),
    state character varying(16) NOT NULL,
    size integer NOT NULL,
    pushed_at character varying(32)
);
CREATE TABLE public.items (
    id bigint NOT NULL,
    key character varying(512) NOT NULL,
    kind character varying(16) NOT NULL,
    text text,
    url text,
    meta json NOT NULL,
    fingerprint character varying(32) NOT NULL,
    seq bigint NOT NULL,
    draw bigint NOT NULL,
    hold_out boolean NOT NULL,
    removed boolean NOT NULL,
    queued boolean,
    answered boolean NOT NULL,
    snapshot_at character varying(32),
    sweep bigint NOT NULL
);
CREATE SEQUENCE public.items_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.items_id_seq OWNED BY public.items.id;
CREATE TABLE public.models (
    version character varying(64) NOT NULL,
    number integer NOT NULL,
    created_at character varying(32) NOT NULL,
    status character varying(16) NOT NULL,
    learner text NOT NULL,
    settings json NOT NULL,
    schema_digest character varying(32) NOT NULL,
    annotation_seq bigint NOT NULL,
    examples integer NOT NULL,
    scores json NOT NULL,
    reason text NOT NULL,
    encoder text,
    digest character varying(64)
);
CREATE TABLE public.runs (
    id bigint NOT NULL,
    started_at character varying(32) NOT NULL,
    finished_at character varying(32),
    state character varying(16) NOT NULL,
    pid integer NOT NULL,
    result json
);
CREATE SEQUENCE public.runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.runs_id_seq OWNED BY public.runs.id;
CREATE TABLE public.state (
    name character varying(64) NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.steps (
    run_id bigint NOT NULL,
    name character varying(32) NOT NULL,
    state character varying(16) NOT NULL,
    started_at character varying(32) NOT NULL,
    seconds double precision,
    detail json
);
ALTER TABLE ONLY public.annotations ALTER COLUMN id SET DEFAULT nextval('public.annotations_id_seq'::regclass);
ALTER TABLE ONLY public.items ALTER COLUMN id SET DEFAULT nextval('public.items_id_seq'::regclass);
ALTER TABLE ONLY public.runs ALTER COLUMN id SET DEFAULT nextval('public.runs_id_seq'::regclass);
INSERT INTO public.annotations VALUES (2, 'spam-51/ann', 52, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:02.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 2, 0);
INSERT INTO public.annotations VALUES (3, 'spam-51/bob', 52, 'bob', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:03.000000+00:00', 0, '08fea53b4cdf836172314becf2a76975', NULL, false, false, 3, 0);
INSERT INTO public.annotations VALUES (4, 'ham-49/ann', 50, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:04.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 4, 0);
INSERT INTO public.annotations VALUES (5, 'ham-49/Zoë ☃', 50, 'Zoë ☃', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:05.000000+00:00', 0, '1e1d293c0f29dd942af09653107d55f6', NULL, true, false, 5, 0);
INSERT INTO public.annotations VALUES (6, 'ham-37/ann', 38, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:06.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 6, 0);
INSERT INTO public.annotations VALUES (7, 'ham-11/ann', 12, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:07.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 7, 0);
INSERT INTO public.annotations VALUES (8, 'spam-42/ann', 43, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:08.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 8, 0);
INSERT INTO public.annotations VALUES (9, 'spam-9/ann', 10, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:09.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 9, 0);
INSERT INTO public.annotations VALUES (10, 'ham-5/ann', 6, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:10.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 10, 0);
INSERT INTO public.annotations VALUES (11, 'spam-54/ann', 55, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:11.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 11, 0);
INSERT INTO public.annotations VALUES (12, 'ham-8/ann', 9, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:12.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 12, 0);
INSERT INTO public.annotations VALUES (13, 'spam-39/ann', 40, 'ann', 'skipped', 'null', NULL, '2026-01-01T00:01:13.000000+00:00', 0, '6436305f4aa934cd8a9384b462cd2dd1', NULL, false, false, 13, 0);
INSERT INTO public.annotations VALUES (14, 'spam-3/ann', 4, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:14.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 14, 0);
INSERT INTO public.annotations VALUES (15, 'spam-3/bob', 4, 'bob', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:15.000000+00:00', 0, '08fea53b4cdf836172314becf2a76975', NULL, false, false, 15, 0);
INSERT INTO public.annotations VALUES (16, 'spam-36/ann', 37, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:16.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 16, 0);
INSERT INTO public.annotations VALUES (17, 'spam-36/Zoë ☃', 37, 'Zoë ☃', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:17.000000+00:00', 0, '1e1d293c0f29dd942af09653107d55f6', NULL, true, false, 17, 0);
INSERT INTO public.annotations VALUES (18, 'spam-18/ann', 19, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:18.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 18, 0);
INSERT INTO public.annotations VALUES (19, 'spam-45/ann', 46, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:19.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 19, 0);
INSERT INTO public.annotations VALUES (20, 'spam-57/ann', 58, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:20.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 20, 0);
INSERT INTO public.annotations VALUES (21, 'ham-29/ann', 30, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:21.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 21, 0);
INSERT INTO public.annotations VALUES (22, 'ham-22/ann', 23, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:22.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 22, 0);
INSERT INTO public.annotations VALUES (23, 'ham-43/ann', 44, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:23.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 23, 0);
INSERT INTO public.annotations VALUES (24, 'ham-31/ann', 32, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:24.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 24, 0);
INSERT INTO public.annotations VALUES (1, 'ham-44/ann', 45, 'ann', 'skipped', 'null', NULL, '2026-01-01T00:01:01.000000+00:00', 0, '6436305f4aa934cd8a9384b462cd2dd1', NULL, false, true, 25, 0);
INSERT INTO public.annotations VALUES (25, 'spam-21/ann', 22, 'ann', 'skipped', 'null', NULL, '2026-01-01T00:01:26.000000+00:00', 0, '6436305f4aa934cd8a9384b462cd2dd1', NULL, false, false, 26, 0);
INSERT INTO public.annotations VALUES (26, 'spam-30/ann', 31, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:27.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 27, 0);
INSERT INTO public.annotations VALUES (27, 'spam-30/bob', 31, 'bob', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:28.000000+00:00', 0, '08fea53b4cdf836172314becf2a76975', NULL, false, false, 28, 0);
INSERT INTO public.annotations VALUES (28, 'spam-33/ann', 34, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:29.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 29, 0);
INSERT INTO public.annotations VALUES (29, 'spam-33/Zoë ☃', 34, 'Zoë ☃', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:30.000000+00:00', 0, '1e1d293c0f29dd942af09653107d55f6', NULL, true, false, 30, 0);
INSERT INTO public.annotations VALUES (30, 'spam-0/ann', 1, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:31.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 31, 0);
INSERT INTO public.annotations VALUES (31, 'spam-12/ann', 13, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:32.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 32, 0);
INSERT INTO public.annotations VALUES (32, 'ham-52/ann', 53, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:33.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 33, 0);
INSERT INTO public.annotations VALUES (33, 'ham-10/ann', 11, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:34.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 34, 0);
INSERT INTO public.annotations VALUES (34, 'ham-34/ann', 35, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:35.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 35, 0);
INSERT INTO public.annotations VALUES (35, 'ham-16/ann', 17, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:36.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 36, 0);
INSERT INTO public.annotations VALUES (36, 'spam-48/ann', 49, 'ann', 'skipped', 'null', NULL, '2026-01-01T00:01:37.000000+00:00', 0, '6436305f4aa934cd8a9384b462cd2dd1', NULL, false, false, 37, 0);
INSERT INTO public.annotations VALUES (37, 'spam-15/ann', 16, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:38.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 38, 0);
INSERT INTO public.annotations VALUES (38, 'spam-15/bob', 16, 'bob', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:39.000000+00:00', 0, '08fea53b4cdf836172314becf2a76975', NULL, false, false, 39, 0);
INSERT INTO public.annotations VALUES (39, 'spam-27/ann', 28, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:40.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 40, 0);
INSERT INTO public.annotations VALUES (40, 'spam-27/Zoë ☃', 28, 'Zoë ☃', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:41.000000+00:00', 0, '1e1d293c0f29dd942af09653107d55f6', NULL, true, false, 41, 0);
INSERT INTO public.annotations VALUES (41, 'ham-2/ann', 3, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:42.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 42, 0);
INSERT INTO public.annotations VALUES (42, 'ham-32/ann', 33, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:43.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 43, 0);
INSERT INTO public.annotations VALUES (43, 'ham-28/ann', 29, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:44.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 44, 0);
INSERT INTO public.annotations VALUES (44, 'ham-26/ann', 27, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:45.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 45, 0);
INSERT INTO public.annotations VALUES (45, 'ham-14/ann', 15, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:46.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 46, 0);
INSERT INTO public.batch_items VALUES ('cdd5b650363b', 10, 6, 0, 'cold-start', 'cold start: no model yet', false, 'null', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('cdd5b650363b', 12, 4, 0, 'cold-start', 'cold start: no model yet', false, 'null', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('cdd5b650363b', 38, 3, 0, 'novel', 'novel: unlike all that was asked before', false, 'null', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('cdd5b650363b', 43, 5, 0, 'novel', 'novel: unlike all that was asked before', false, 'null', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('cdd5b650363b', 50, 2, 0, 'cold-start', 'cold start: no model yet', false, 'null', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('cdd5b650363b', 52, 1, 0, 'novel', 'novel: unlike all that was asked before', false, 'null', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('cdd5b650363b', 6, 7, 0, 'novel', 'novel: unlike all that was asked before', false, 'null', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('cdd5b650363b', 9, 9, 0, 'novel', 'novel: unlike all that was asked before', false, 'null', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('cdd5b650363b', 55, 8, 0, 'cold-start', 'cold start: no model yet', false, 'null', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('ea14ebef0e9c', 4, 1, 0.0786275863647461, 'diverse', 'margin 0.92 between spam 0.96 and ham 0.04', false, '{"item_key": "spam-3", "model_version": "m0001-aaee0326", "probabilities": {"ham": 0.039314, "spam": 0.960686}, "uncertainty": 0.0786275863647461, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('ea14ebef0e9c', 19, 3, 0.07611799240112305, 'diverse', 'margin 0.92 between spam 0.96 and ham 0.04', false, '{"item_key": "spam-18", "model_version": "m0001-aaee0326", "probabilities": {"ham": 0.038059, "spam": 0.961941}, "uncertainty": 0.07611799240112305, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('ea14ebef0e9c', 30, 6, 0.02746117115020752, 'diverse', 'margin 0.97 between ham 0.99 and spam 0.01', false, '{"item_key": "ham-29", "model_version": "m0001-aaee0326", "probabilities": {"ham": 0.986269, "spam": 0.013731}, "uncertainty": 0.02746117115020752, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('ea14ebef0e9c', 37, 2, 0.077789306640625, 'diverse', 'margin 0.92 between spam 0.96 and ham 0.04', false, '{"item_key": "spam-36", "model_version": "m0001-aaee0326", "probabilities": {"ham": 0.038895, "spam": 0.961105}, "uncertainty": 0.077789306640625, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('ea14ebef0e9c', 40, 0, 0.11298203468322754, 'diverse', 'margin 0.89 between spam 0.94 and ham 0.06', false, '{"item_key": "spam-39", "model_version": "m0001-aaee0326", "probabilities": {"ham": 0.056491, "spam": 0.943509}, "uncertainty": 0.11298203468322754, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('ea14ebef0e9c', 46, 4, 0.0761178731918335, 'diverse', 'margin 0.92 between spam 0.96 and ham 0.04', false, '{"item_key": "spam-45", "model_version": "m0001-aaee0326", "probabilities": {"ham": 0.038059, "spam": 0.961941}, "uncertainty": 0.0761178731918335, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('ea14ebef0e9c', 58, 5, 0.07448101043701172, 'diverse', 'margin 0.93 between spam 0.96 and ham 0.04', false, '{"item_key": "spam-57", "model_version": "m0001-aaee0326", "probabilities": {"ham": 0.037241, "spam": 0.962759}, "uncertainty": 0.07448101043701172, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('ea14ebef0e9c', 23, 7, 0.027036666870117188, 'diverse', 'margin 0.97 between ham 0.99 and spam 0.01', false, '{"item_key": "ham-22", "model_version": "m0001-aaee0326", "probabilities": {"ham": 0.986482, "spam": 0.013518}, "uncertainty": 0.027036666870117188, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('ea14ebef0e9c', 32, 9, 0.023516416549682617, 'diverse', 'margin 0.98 between ham 0.99 and spam 0.01', false, '{"item_key": "ham-31", "model_version": "m0001-aaee0326", "probabilities": {"ham": 0.988242, "spam": 0.011758}, "uncertainty": 0.023516416549682617, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('ea14ebef0e9c', 44, 8, 0.025216341018676758, 'diverse', 'margin 0.97 between ham 0.99 and spam 0.01', false, '{"item_key": "ham-43", "model_version": "m0001-aaee0326", "probabilities": {"ham": 0.987392, "spam": 0.012608}, "uncertainty": 0.025216341018676758, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('081c6d966f2d', 1, 3, 0.24634695053100586, 'diverse', 'margin 0.75 between spam 0.88 and ham 0.12', false, '{"item_key": "spam-0", "model_version": "m0002-4cdd5923", "probabilities": {"ham": 0.123173, "spam": 0.876827}, "uncertainty": 0.24634695053100586, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('081c6d966f2d', 11, 6, 0.03730213642120361, 'diverse', 'margin 0.96 between ham 0.98 and spam 0.02', false, '{"item_key": "ham-10", "model_version": "m0002-4cdd5923", "probabilities": {"ham": 0.981349, "spam": 0.018651}, "uncertainty": 0.03730213642120361, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('081c6d966f2d', 13, 4, 0.13707959651947021, 'diverse', 'margin 0.86 between spam 0.93 and ham 0.07', false, '{"item_key": "spam-12", "model_version": "m0002-4cdd5923", "probabilities": {"ham": 0.06854, "spam": 0.93146}, "uncertainty": 0.13707959651947021, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('081c6d966f2d', 22, 0, 0.5127725601196289, 'diverse', 'margin 0.49 between spam 0.74 and ham 0.26', false, '{"item_key": "spam-21", "model_version": "m0002-4cdd5923", "probabilities": {"ham": 0.256386, "spam": 0.743614}, "uncertainty": 0.5127725601196289, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('cdd5b650363b', 45, 5, 0.08033490180969238, 'cold-start', 'margin 0.92 between ham 0.96 and spam 0.04', false, '{"item_key": "ham-44", "model_version": "m0004-e923c523", "probabilities": {"ham": 0.959833, "spam": 0.040167}, "uncertainty": 0.08033490180969238, "decided": null}', 'open', NULL, NULL);
INSERT INTO public.batch_items VALUES ('081c6d966f2d', 31, 1, 0.3029024600982666, 'diverse', 'margin 0.70 between spam 0.85 and ham 0.15', false, '{"item_key": "spam-30", "model_version": "m0002-4cdd5923", "probabilities": {"ham": 0.151451, "spam": 0.848549}, "uncertainty": 0.3029024600982666, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('081c6d966f2d', 34, 2, 0.24890804290771484, 'diverse', 'margin 0.75 between spam 0.88 and ham 0.12', false, '{"item_key": "spam-33", "model_version": "m0002-4cdd5923", "probabilities": {"ham": 0.124454, "spam": 0.875546}, "uncertainty": 0.24890804290771484, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('081c6d966f2d', 53, 5, 0.03786921501159668, 'diverse', 'margin 0.96 between ham 0.98 and spam 0.02', false, '{"item_key": "ham-52", "model_version": "m0002-4cdd5923", "probabilities": {"ham": 0.981065, "spam": 0.018935}, "uncertainty": 0.03786921501159668, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('081c6d966f2d', 17, 9, 0.03410041332244873, 'diverse', 'margin 0.97 between ham 0.98 and spam 0.02', false, '{"item_key": "ham-16", "model_version": "m0002-4cdd5923", "probabilities": {"ham": 0.98295, "spam": 0.01705}, "uncertainty": 0.03410041332244873, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('081c6d966f2d', 35, 8, 0.034754037857055664, 'diverse', 'margin 0.97 between ham 0.98 and spam 0.02', false, '{"item_key": "ham-34", "model_version": "m0002-4cdd5923", "probabilities": {"ham": 0.982623, "spam": 0.017377}, "uncertainty": 0.034754037857055664, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('c29d89a2c7cb', 2, 4, 0.05942511558532715, 'diverse', 'margin 0.94 between ham 0.97 and spam 0.03', false, '{"item_key": "ham-1", "model_version": "m0003-906b3b35", "probabilities": {"ham": 0.970287, "spam": 0.029713}, "uncertainty": 0.05942511558532715, "decided": null}', 'refused', 'it is not there', NULL);
INSERT INTO public.batch_items VALUES ('c29d89a2c7cb', 3, 3, 0.06554007530212402, 'diverse', 'margin 0.93 between ham 0.97 and spam 0.03', false, '{"item_key": "ham-2", "model_version": "m0003-906b3b35", "probabilities": {"ham": 0.96723, "spam": 0.03277}, "uncertainty": 0.06554007530212402, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('c29d89a2c7cb', 16, 1, 0.18518579006195068, 'diverse', 'margin 0.81 between spam 0.91 and ham 0.09', false, '{"item_key": "spam-15", "model_version": "m0003-906b3b35", "probabilities": {"ham": 0.092593, "spam": 0.907407}, "uncertainty": 0.18518579006195068, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('c29d89a2c7cb', 27, 7, 0.022693872451782227, 'diverse', 'margin 0.98 between ham 0.99 and spam 0.01', false, '{"item_key": "ham-26", "model_version": "m0003-906b3b35", "probabilities": {"ham": 0.988653, "spam": 0.011347}, "uncertainty": 0.022693872451782227, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('c29d89a2c7cb', 28, 2, 0.15734529495239258, 'diverse', 'margin 0.84 between spam 0.92 and ham 0.08', false, '{"item_key": "spam-27", "model_version": "m0003-906b3b35", "probabilities": {"ham": 0.078673, "spam": 0.921327}, "uncertainty": 0.15734529495239258, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('c29d89a2c7cb', 29, 6, 0.02395915985107422, 'diverse', 'margin 0.98 between ham 0.99 and spam 0.01', false, '{"item_key": "ham-28", "model_version": "m0003-906b3b35", "probabilities": {"ham": 0.98802, "spam": 0.01198}, "uncertainty": 0.02395915985107422, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('c29d89a2c7cb', 33, 5, 0.025294065475463867, 'diverse', 'margin 0.97 between ham 0.99 and spam 0.01', false, '{"item_key": "ham-32", "model_version": "m0003-906b3b35", "probabilities": {"ham": 0.987353, "spam": 0.012647}, "uncertainty": 0.025294065475463867, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('c29d89a2c7cb', 49, 0, 0.5406308174133301, 'diverse', 'margin 0.46 between spam 0.73 and ham 0.27', false, '{"item_key": "spam-48", "model_version": "m0003-906b3b35", "probabilities": {"ham": 0.270315, "spam": 0.729685}, "uncertainty": 0.5406308174133301, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('c29d89a2c7cb', 15, 9, 0.022494196891784668, 'diverse', 'margin 0.98 between ham 0.99 and spam 0.01', false, '{"item_key": "ham-14", "model_version": "m0003-906b3b35", "probabilities": {"ham": 0.988753, "spam": 0.011247}, "uncertainty": 0.022494196891784668, "decided": null}', 'answered', NULL, NULL);
INSERT INTO public.batch_items VALUES ('8d12af604b4a', 8, 0, 0.15743637084960938, 'diverse', 'margin 0.84 between ham 0.92 and spam 0.08', false, '{"item_key": "ham-7", "model_version": "m0004-e923c523", "probabilities": {"ham": 0.921282, "spam": 0.078718}, "uncertainty": 0.15743637084960938, "decided": null}', 'open', NULL, NULL);
INSERT INTO public.batch_items VALUES ('8d12af604b4a', 5, 1, 0.15143513679504395, 'diverse', 'margin 0.85 between ham 0.92 and spam 0.08', false, '{"item_key": "ham-4", "model_version": "m0004-e923c523", "probabilities": {"ham": 0.924282, "spam": 0.075718}, "uncertainty": 0.15143513679504395, "decided": null}', 'open', NULL, NULL);
INSERT INTO public.batch_items VALUES ('8d12af604b4a', 26, 2, 0.08054876327514648, 'diverse', 'margin 0.92 between ham 0.96 and spam 0.04', false, '{"item_key": "ham-25", "model_version": "m0004-e923c523", "probabilities": {"ham": 0.959726, "spam": 0.040274}, "uncertainty": 0.08054876327514648, "decided": null}', 'open', NULL, NULL);
INSERT INTO public.batch_items VALUES ('8d12af604b4a', 41, 3, 0.08054876327514648, 'uncertain', 'margin 0.92 between ham 0.96 and spam 0.04', false, '{"item_key": "ham-40", "model_version": "m0004-e923c523", "probabilities": {"ham": 0.959726, "spam": 0.040274}, "uncertainty": 0.08054876327514648, "decided": null}', 'open', NULL, NULL);
INSERT INTO public.batch_items VALUES ('8d12af604b4a', 36, 4, 0.08054876327514648, 'uncertain', 'margin 0.92 between ham 0.96 and spam 0.04', false, '{"item_key": "ham-35", "model_version": "m0004-e923c523", "probabilities": {"ham": 0.959726, "spam": 0.040274}, "uncertainty": 0.08054876327514648, "decided": null}', 'open', NULL, NULL);
INSERT INTO public.batch_items VALUES ('8d12af604b4a', 20, 6, 0.08033490180969238, 'diverse', 'margin 0.92 between ham 0.96 and spam 0.04', false, '{"item_key": "ham-19", "model_version": "m0004-e923c523", "probabilities": {"ham": 0.959833, "spam": 0.040167}, "uncertainty": 0.08033490180969238, "decided": null}', 'open', NULL, NULL);
INSERT INTO public.batch_items VALUES ('8d12af604b4a', 48, 7, 0.08018803596496582, 'diverse', 'margin 0.92 between ham 0.96 and spam 0.04', false, '{"item_key": "ham-47", "model_version": "m0004-e923c523", "probabilities": {"ham": 0.959906, "spam": 0.040094}, "uncertainty": 0.08018803596496582, "decided": null}', 'open', NULL, NULL);
INSERT INTO public.batch_items VALUES ('8d12af604b4a', 42, 8, 0.07892155647277832, 'diverse', 'margin 0.92 between ham 0.96 and spam 0.04', false, '{"item_key": "ham-41", "model_version": "m0004-e923c523", "probabilities": {"ham": 0.960539, "spam": 0.039461}, "uncertainty": 0.07892155647277832, "decided": null}', 'open', NULL, NULL);
INSERT INTO public.batch_items VALUES ('8d12af604b4a', 14, 9, 0.0785677433013916, 'diverse', 'margin 0.92 between ham 0.96 and spam 0.04', false, '{"item_key": "ham-13", "model_version": "m0004-e923c523", "probabilities": {"ham": 0.960716, "spam": 0.039284}, "uncertainty": 0.0785677433013916, "decided": null}', 'open', NULL, NULL);
INSERT INTO public.batches VALUES ('cdd5b650363b', '2026-11-22T22:12:56.024800+00:00', NULL, 'pushed', 10, '2026-11-22T22:12:56.041019+00:00');
INSERT INTO public.batches VALUES ('ea14ebef0e9c', '2026-11-22T22:12:56.375176+00:00', 'm0001-aaee0326', 'pushed', 10, '2026-11-22T22:12:56.387269+00:00');
INSERT INTO public.batches VALUES ('081c6d966f2d', '2026-11-22T22:12:56.673700+00:00', 'm0002-4cdd5923', 'pushed', 9, '2026-11-22T22:12:56.691941+00:00');
INSERT INTO public.batches VALUES ('c29d89a2c7cb', '2026-11-22T22:12:57.075594+00:00', 'm0003-906b3b35', 'pushed', 9, '2026-11-22T22:12:57.091127+00:00');
INSERT INTO public.batches VALUES ('8d12af604b4a', '2026-11-22T22:12:57.398450+00:00', 'm0004-e923c523', 'planned', 9, NULL);
INSERT INTO public.items VALUES (2, 'ham-1', 'text', 'lunch project about number 1', NULL, '{}', '0d620e44411872f3da8098705e66ca4d', 2, 4563915729609158162, false, false, false, false, '2026-01-01T00:00:02.000000+00:00', 0);
INSERT INTO public.items VALUES (5, 'ham-4', 'text', 'team team about number 4', NULL, '{}', '4cbd9223fec380e54f363c1128b4585d', 5, 4003250339934519078, false, false, false, false, '2026-01-01T00:00:05.000000+00:00', 0);
INSERT INTO public.items VALUES (7, 'spam-6', 'text', 'money offer about number 6', NULL, '{}', '4f0235b1f908e399c4eec2a188b0134a', 7, 44526866124692273, true, false, false, false, '2026-01-01T00:00:07.000000+00:00', 0);
INSERT INTO public.items VALUES (8, 'ham-7', 'text', 'report meeting about number 7', NULL, '{}', 'b7bd43add84d904fd1186c60f233a9ec', 8, 3582082232908520653, false, false, false, false, '2026-01-01T00:00:08.000000+00:00', 0);
INSERT INTO public.items VALUES (14, 'ham-13', 'text', 'project report about number 13', NULL, '{}', 'fc3dc7182da10da88d63185419695154', 14, 1378508691688852125, false, false, false, false, '2026-01-01T00:00:14.000000+00:00', 0);
INSERT INTO public.items VALUES (18, 'ham-17', 'text', 'report meeting about number 17', NULL, '{}', 'a6d953873f430677d6daac3f3ee130f2', 18, 3795156369262831132, false, false, false, false, '2026-01-01T00:00:18.000000+00:00', 0);
INSERT INTO public.items VALUES (20, 'ham-19', 'text', 'team team about number 19', NULL, '{}', 'fcf4f6d59f7eebdce0b0a7b5c070fa18', 20, 1097893171087376877, false, false, false, false, '2026-01-01T00:00:20.000000+00:00', 0);
INSERT INTO public.items VALUES (21, 'ham-20', 'text', 'meeting lunch about number 20', NULL, '{}', '84dbc7111fb4fffa487e7843d32dd5c0', 21, 560645018073342147, true, false, false, false, '2026-01-01T00:00:21.000000+00:00', 0);
INSERT INTO public.items VALUES (24, 'ham-23', 'text', 'project report about number 23', NULL, '{}', '5c0ad12a53d348ab066c01d3980d6b36', 24, 910211167469727240, false, false, false, false, '2026-01-01T00:00:24.000000+00:00', 0);
INSERT INTO public.items VALUES (25, 'spam-24', 'text', 'click click about number 24', NULL, '{}', 'bc33becafcc9a2f1dd3914055c284369', 25, 330566159753317526, true, false, false, false, '2026-01-01T00:00:25.000000+00:00', 0);
INSERT INTO public.items VALUES (26, 'ham-25', 'text', 'meeting lunch about number 25', NULL, '{}', '64e2d6649e9d6ea8b8e4002d246fd1d4', 26, 1630756084428820804, false, false, false, false, '2026-01-01T00:00:26.000000+00:00', 0);
INSERT INTO public.items VALUES (36, 'ham-35', 'text', 'meeting lunch about number 35', NULL, '{}', '85e61c30a3dab0dfcd2598ad8dcf9a69', 36, 1731005342842253128, false, false, false, false, '2026-01-01T00:00:36.000000+00:00', 0);
INSERT INTO public.items VALUES (39, 'ham-38', 'text', 'project report about number 38', NULL, '{}', '10dc31a42b75d5bd09b28870ae0a752d', 39, 288486933091220935, true, false, false, false, '2026-01-01T00:00:39.000000+00:00', 0);
INSERT INTO public.items VALUES (41, 'ham-40', 'text', 'meeting lunch about number 40', NULL, '{}', '9d7ea4e1255c3de2ec3d833a5084ee1a', 41, 1030186432506701352, false, false, false, false, '2026-01-01T00:00:41.000000+00:00', 0);
INSERT INTO public.items VALUES (42, 'ham-41', 'text', 'lunch project about number 41', NULL, '{}', 'ecde78de37abafe4ff0660bec5d37bd1', 42, 2882051516444927277, false, false, false, false, '2026-01-01T00:00:42.000000+00:00', 0);
INSERT INTO public.items VALUES (15, 'ham-14', 'text', 'team team about number 14', NULL, '{}', 'f4cf720b76f87f7b5773393b957012c9', 15, 3026377039151187206, false, false, false, true, '2026-01-01T00:01:46.000000+00:00', 0);
INSERT INTO public.items VALUES (6, 'ham-5', 'text', 'meeting lunch about number 5', NULL, '{}', '3ce96392ee2741430561bc1e928d5654', 6, 3964127777742484731, false, false, false, true, '2026-01-01T00:01:10.000000+00:00', 0);
INSERT INTO public.items VALUES (9, 'ham-8', 'text', 'project report about number 8', NULL, '{}', 'b8e116b73de1afbe2c593ab84f55cf8e', 9, 2018263171032164708, false, false, false, true, '2026-01-01T00:01:12.000000+00:00', 0);
INSERT INTO public.items VALUES (23, 'ham-22', 'text', 'report meeting about number 22', NULL, '{}', '33d5d706e52ca7a0d885edc24a374e8a', 23, 2884537307739828179, false, false, false, true, '2026-01-01T00:01:22.000000+00:00', 0);
INSERT INTO public.items VALUES (32, 'ham-31', 'text', 'lunch project about number 31', NULL, '{}', '5f352b936cbb288d02f6ee787314d57d', 32, 4196596464358635251, false, false, false, true, '2026-01-01T00:01:24.000000+00:00', 0);
INSERT INTO public.items VALUES (17, 'ham-16', 'text', 'lunch project about number 16', NULL, '{}', 'dc148919b0c385f1be73917a5105be02', 17, 3706309414506767256, false, false, false, true, '2026-01-01T00:01:36.000000+00:00', 0);
INSERT INTO public.items VALUES (35, 'ham-34', 'text', 'team team about number 34', NULL, '{}', 'eaec7bb195f0ec0fa4ef59a0a295a9d4', 35, 1424663280840499069, false, false, false, true, '2026-01-01T00:01:35.000000+00:00', 0);
INSERT INTO public.items VALUES (1, 'spam-0', 'text', 'win money about number 0', NULL, '{}', 'b863948a048513875c882f0098b1772a', 1, 2548331009693167460, false, false, false, true, '2026-01-01T00:01:31.000000+00:00', 0);
INSERT INTO public.items VALUES (11, 'ham-10', 'text', 'meeting lunch about number 10', NULL, '{}', '276c3041b4698f1f07b338b52a3c0474', 11, 2067513313206993796, false, false, false, true, '2026-01-01T00:01:34.000000+00:00', 0);
INSERT INTO public.items VALUES (13, 'spam-12', 'text', 'prize win about number 12', NULL, '{}', '421a50b92e24a254af4cd41cd3949e68', 13, 2919541503697109484, false, false, false, true, '2026-01-01T00:01:32.000000+00:00', 0);
INSERT INTO public.items VALUES (3, 'ham-2', 'text', 'report meeting about number 2', NULL, '{}', '96efb7a2f3409041c3df1bc2612ccf16', 3, 1190294691697985749, false, false, false, true, '2026-01-01T00:01:42.000000+00:00', 0);
INSERT INTO public.items VALUES (16, 'spam-15', 'text', 'win money about number 15', NULL, '{}', 'a3ef062790ac5ead3376a4659615e579', 16, 4301490395870860362, false, false, false, true, '2026-01-01T00:01:39.000000+00:00', 0);
INSERT INTO public.items VALUES (27, 'ham-26', 'text', 'lunch project about number 26', NULL, '{}', 'af88fc7afc9733f4b00d996079080889', 27, 1325045854785646174, false, false, false, true, '2026-01-01T00:01:45.000000+00:00', 0);
INSERT INTO public.items VALUES (28, 'spam-27', 'text', 'prize win about number 27', NULL, '{}', 'ebde32555c68a67fb365cb81345fb57e', 28, 2099330038766910098, false, false, false, true, '2026-01-01T00:01:41.000000+00:00', 0);
INSERT INTO public.items VALUES (29, 'ham-28', 'text', 'project report about number 28', NULL, '{}', '26c9ed8a2680877376422cf57e8eae4c', 29, 4032265075537996385, false, false, false, true, '2026-01-01T00:01:44.000000+00:00', 0);
INSERT INTO public.items VALUES (33, 'ham-32', 'text', 'report meeting about number 32', NULL, '{}', '1b90cb0068a38602b7cfd1108a037eda', 33, 3007671132535355238, false, false, false, true, '2026-01-01T00:01:43.000000+00:00', 0);
INSERT INTO public.items VALUES (47, 'ham-46', 'text', 'lunch project about number 46', NULL, '{}', '58eadda85e753079fdb0db889fa9053a', 47, 3296276928840151318, false, false, false, false, '2026-01-01T00:00:47.000000+00:00', 0);
INSERT INTO public.items VALUES (48, 'ham-47', 'text', 'report meeting about number 47', NULL, '{}', '0ea046c6dfddae814b0dbe5438d2e2f4', 48, 3582388514010713807, false, false, false, false, '2026-01-01T00:00:48.000000+00:00', 0);
INSERT INTO public.items VALUES (51, 'ham-50', 'text', 'meeting lunch about number 50', NULL, '{}', '045d22a3dfa7011137f68715ecfc79c1', 51, 472310784509412960, true, false, false, false, '2026-01-01T00:00:51.000000+00:00', 0);
INSERT INTO public.items VALUES (54, 'ham-53', 'text', 'project report about number 53', NULL, '{}', 'c9452c69b1d51145a21443bbdb3c0e3e', 54, 2984632652506905248, false, false, false, false, '2026-01-01T00:00:54.000000+00:00', 0);
INSERT INTO public.items VALUES (56, 'ham-55', 'text', 'meeting lunch about number 55', NULL, '{}', 'fda7bf897decdb2a90d20d844e95c4f2', 56, 152861221692652457, true, false, false, false, '2026-01-01T00:00:56.000000+00:00', 0);
INSERT INTO public.items VALUES (57, 'ham-56', 'text', 'lunch project about number 56', NULL, '{}', '4189ab0ad4f1e34ffe44f50051765c7a', 57, 4580072925524983256, false, false, false, false, '2026-01-01T00:00:57.000000+00:00', 0);
INSERT INTO public.items VALUES (59, 'ham-58', 'text', 'project report about number 58', NULL, '{}', '0f84ef762d66ed385bb6d57659ba3c31', 59, 660457686634434730, true, false, false, false, '2026-01-01T00:00:59.000000+00:00', 0);
INSERT INTO public.items VALUES (60, 'ham-59', 'text', 'team team about number 59', NULL, '{}', 'df75cd8e41cf216c59f04da683915788', 60, 2139116559892631982, false, false, false, false, '2026-01-01T00:01:00.000000+00:00', 0);
INSERT INTO public.items VALUES (46, 'spam-45', 'text', 'win money about number 45', NULL, '{}', '1fa74cd1521af32bf7e765e5235be8e2', 46, 1705251542889702563, false, false, false, true, '2026-01-01T00:01:19.000000+00:00', 0);
INSERT INTO public.items VALUES (58, 'spam-57', 'text', 'prize win about number 57', NULL, '{}', '0d204fdfc0020d593573c88c14e8a1df', 58, 3053179712619308527, false, false, false, true, '2026-01-01T00:01:20.000000+00:00', 0);
INSERT INTO public.items VALUES (30, 'ham-29', 'text', 'team team about number 29', NULL, '{}', 'c51882aef3e291dec740f9ad70a51a7a', 30, 4136864935366576851, false, false, false, true, '2026-01-01T00:01:21.000000+00:00', 0);
INSERT INTO public.items VALUES (50, 'ham-49', 'text', 'team team about number 49', NULL, '{}', '4d5123a748c49422b6d0e2aabe788740', 50, 800245665717974846, false, false, false, true, '2026-01-01T00:01:05.000000+00:00', 0);
INSERT INTO public.items VALUES (52, 'spam-51', 'text', 'money offer about number 51', NULL, '{}', '01338a44b0b7adbe73b1722af55972f0', 52, 2821042469333267527, false, false, false, true, '2026-01-01T00:01:03.000000+00:00', 0);
INSERT INTO public.items VALUES (38, 'ham-37', 'text', 'report meeting about number 37', NULL, '{}', '25333dcbbed9301372058b25753bfe0d', 38, 1724153416940608327, false, false, false, true, '2026-01-01T00:01:06.000000+00:00', 0);
INSERT INTO public.items VALUES (12, 'ham-11', 'text', 'lunch project about number 11', NULL, '{}', '70282cb7d757a495ba29e0129b1d2a36', 12, 800416975084167868, false, false, false, true, '2026-01-01T00:01:07.000000+00:00', 0);
INSERT INTO public.items VALUES (43, 'spam-42', 'text', 'prize win about number 42', NULL, '{}', 'c14e9886cf086c7ff16fdea6b21b0f57', 43, 1483749464307670080, false, false, false, true, '2026-01-01T00:01:08.000000+00:00', 0);
INSERT INTO public.items VALUES (10, 'spam-9', 'text', 'click click about number 9', NULL, '{}', '5a95558c72adb4610c874cf031498ad4', 10, 838195763227779024, false, false, false, true, '2026-01-01T00:01:09.000000+00:00', 0);
INSERT INTO public.items VALUES (53, 'ham-52', 'text', 'report meeting about number 52', NULL, '{}', 'fafb5acd13d0b188ddb9928d10a8270a', 53, 2655235034343504672, false, false, false, true, '2026-01-01T00:01:33.000000+00:00', 0);
INSERT INTO public.items VALUES (55, 'spam-54', 'text', 'click click about number 54', NULL, '{}', '12f04980667fab6400e285f97f174361', 55, 845979817976353547, false, false, false, true, '2026-01-01T00:01:11.000000+00:00', 0);
INSERT INTO public.items VALUES (49, 'spam-48', 'text', 'offer prize about number 48', NULL, '{}', '799763ab294f4f4f9a0981f8d5bfe1c5', 49, 2165251841651911554, false, false, false, true, '2026-01-01T00:01:37.000000+00:00', 0);
INSERT INTO public.items VALUES (4, 'spam-3', 'text', 'offer prize about number 3', NULL, '{}', '1950fd864273b56917121ecfb8c0d65e', 4, 2285832605508516790, false, false, false, true, '2026-01-01T00:01:15.000000+00:00', 0);
INSERT INTO public.items VALUES (19, 'spam-18', 'text', 'offer prize about number 18', NULL, '{}', '0653ed9f7aabb7491740d99235c1ff43', 19, 1008150564216058174, false, false, false, true, '2026-01-01T00:01:18.000000+00:00', 0);
INSERT INTO public.items VALUES (37, 'spam-36', 'text', 'money offer about number 36', NULL, '{}', 'c9164a48f58ab9215d6cb98f13704dfc', 37, 3630500919243195840, false, false, false, true, '2026-01-01T00:01:17.000000+00:00', 0);
INSERT INTO public.items VALUES (40, 'spam-39', 'text', 'click click about number 39', NULL, '{}', '6e0819baa6d51cbeb68e029f5d599a22', 40, 3079569522018669212, false, false, false, true, '2026-01-01T00:01:13.000000+00:00', 0);
INSERT INTO public.items VALUES (44, 'ham-43', 'text', 'project report about number 43', NULL, '{}', 'a280edd8efc0c4b5aa120696ed44e35c', 44, 2089455051106048219, false, false, false, true, '2026-01-01T00:01:23.000000+00:00', 0);
INSERT INTO public.items VALUES (45, 'ham-44', 'text', 'team team about number 44', NULL, '{}', 'eb48aa5b41f4374dcb2e8c0f5cdfa4ec', 45, 700023277700350762, false, false, false, false, '2026-01-01T00:01:25.000000+00:00', 0);
INSERT INTO public.items VALUES (22, 'spam-21', 'text', 'money offer about number 21', NULL, '{}', '8e701af6135345773052dbc65666ce87', 22, 3913670422803011961, false, false, false, true, '2026-01-01T00:01:26.000000+00:00', 0);
INSERT INTO public.items VALUES (31, 'spam-30', 'text', 'win money about number 30', NULL, '{}', 'c31f08093248f0436843dc44421e26f8', 31, 2129134682320747713, false, false, false, true, '2026-01-01T00:01:28.000000+00:00', 0);
INSERT INTO public.items VALUES (34, 'spam-33', 'text', 'offer prize about number 33', NULL, '{}', '0db9b95c6547f8f80bacb514b720a1ee', 34, 1556259410329113933, false, false, false, true, '2026-01-01T00:01:30.000000+00:00', 0);
INSERT INTO public.models VALUES ('m0001-aaee0326', 1, '2026-11-22T22:12:56.284478+00:00', 'retired', 'macro-f1/text-linear-v3/balanced/10/100/hashed-text-1-1-262144-v2', '{"model": {"estimator": "auto", "params": {}, "encoder": "auto", "encoder_params": {}, "input": "text", "trusted": [], "class_weight": "balanced", "ngrams": [1, 1], "columns": 262144, "strength": 10.0, "directions": 100, "decide_for": "macro_f1", "committee": 0}, "answers": {"min_annotators": 1, "min_agreement": 0.5, "consensus": "weighted", "rename": {}}}', '2c319bfe486eb0e0c6243786a67c44ab', 12, 9, '{"items": 0, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}, {"name": "spam", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}], "enough": 20, "few": ["ham", "spam"]}', 'the first model', 'hashed-text-1-1-262144-v2', 'f78496c830fd6f922f976f3950115f4110aa153db439e70e994419e839148c33');
INSERT INTO public.models VALUES ('m0002-4cdd5923', 2, '2026-11-22T22:12:56.568585+00:00', 'retired', 'macro-f1/text-linear-v3/balanced/10/100/hashed-text-1-1-262144-v2', '{"model": {"estimator": "auto", "params": {}, "encoder": "auto", "encoder_params": {}, "input": "text", "trusted": [], "class_weight": "balanced", "ngrams": [1, 1], "columns": 262144, "strength": 10.0, "directions": 100, "decide_for": "macro_f1", "committee": 0}, "answers": {"min_annotators": 1, "min_agreement": 0.5, "consensus": "weighted", "rename": {}}}', '2c319bfe486eb0e0c6243786a67c44ab', 25, 18, '{"items": 0, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}, {"name": "spam", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}], "enough": 20, "few": ["ham", "spam"]}', 'not known yet: 0 hold-out items, 20 are needed', 'hashed-text-1-1-262144-v2', '81dc9ee85982ea97f624abef8c66d76ab5baeb1e9149633be29a366c42773af9');
INSERT INTO public.models VALUES ('m0003-906b3b35', 3, '2026-11-22T22:12:56.979848+00:00', 'retired', 'macro-f1/text-linear-v3/balanced/10/100/hashed-text-1-1-262144-v2', '{"model": {"estimator": "auto", "params": {}, "encoder": "auto", "encoder_params": {}, "input": "text", "trusted": [], "class_weight": "balanced", "ngrams": [1, 1], "columns": 262144, "strength": 10.0, "directions": 100, "decide_for": "macro_f1", "committee": 0}, "answers": {"min_annotators": 1, "min_agreement": 0.5, "consensus": "weighted", "rename": {}}}', '2c319bfe486eb0e0c6243786a67c44ab', 36, 26, '{"items": 0, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}, {"name": "spam", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}], "enough": 20, "few": ["ham", "spam"]}', 'not known yet: 0 hold-out items, 20 are needed', 'hashed-text-1-1-262144-v2', 'da1907d9e38207a9f0aa050995596154c0d07d1f36a8bce0a292c4222bdb2dda');
INSERT INTO public.models VALUES ('m0004-e923c523', 4, '2026-11-22T22:12:57.332952+00:00', 'champion', 'macro-f1/text-linear-v3/balanced/10/100/hashed-text-1-1-262144-v2', '{"model": {"estimator": "auto", "params": {}, "encoder": "auto", "encoder_params": {}, "input": "text", "trusted": [], "class_weight": "balanced", "ngrams": [1, 1], "columns": 262144, "strength": 10.0, "directions": 100, "decide_for": "macro_f1", "committee": 0}, "answers": {"min_annotators": 1, "min_agreement": 0.5, "consensus": "weighted", "rename": {}}}', '2c319bfe486eb0e0c6243786a67c44ab', 46, 33, '{"items": 0, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}, {"name": "spam", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}], "enough": 20, "few": ["ham", "spam"]}', 'not known yet: 0 hold-out items, 20 are needed', 'hashed-text-1-1-262144-v2', '594393a9f445dc72c8ca8b08dec034a2467babef10e5e688f64ee1818191ada9');
INSERT INTO public.runs VALUES (1, '2026-11-22T22:12:55.885350+00:00', '2026-11-22T22:12:56.049000+00:00', 'done', 29635, '{"status": "changed", "run": 1, "project": "memory:1", "seconds": 0.224, "steps": [{"name": "schema", "seconds": 0.0049}, {"name": "pull", "seconds": 0.0532}, {"name": "rank", "seconds": 0.0762}, {"name": "push", "seconds": 0.0048}], "pulled": {"new_items": 60, "changed_items": 0, "removed_items": 0, "new_annotations": 0, "changed_annotations": 0, "deleted_annotations": 0}, "encoded": 53, "trained": null, "why_not_trained": "nothing new to learn", "champion": null, "left_out": {}, "pushed": {"batches": ["cdd5b650363b"], "items": 10, "pre_annotated": 0, "refused": 0, "reranked": false}, "would_push": [], "queue": 10, "pool": 50, "labels": 0, "effort": null, "outlook": null, "calls": 12, "peak_memory_mib": 199.6, "recovered": false, "problem_count": 0, "problems": [], "warnings": []}');
INSERT INTO public.runs VALUES (2, '2026-11-22T22:12:56.101109+00:00', '2026-11-22T22:12:56.395288+00:00', 'done', 29635, '{"status": "changed", "run": 2, "project": "memory:1", "seconds": 0.334, "steps": [{"name": "schema", "seconds": 0.004}, {"name": "pull", "seconds": 0.0326}, {"name": "encode", "seconds": 0.0161}, {"name": "train", "seconds": 0.1368}, {"name": "outlook", "seconds": 0.0082}, {"name": "rank", "seconds": 0.0522}, {"name": "push", "seconds": 0.005}], "pulled": {"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 12, "changed_annotations": 0, "deleted_annotations": 0}, "encoded": 7, "trained": {"version": "m0001-aaee0326", "status": "champion", "examples": 9, "reason": "the first model", "scores": {"items": 0, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}, {"name": "spam", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}], "enough": 20, "few": ["ham", "spam"]}, "created_at": null}, "why_not_trained": "", "champion": "m0001-aaee0326", "left_out": {"skipped": 1}, "pushed": {"batches": ["ea14ebef0e9c"], "items": 10, "pre_annotated": 0, "refused": 0, "reranked": false}, "would_push": [], "queue": 10, "pool": 40, "labels": 10, "effort": null, "outlook": {"labels": 100, "gain": null, "agreements": [], "enough": false, "reason": "what more labels would buy is not known yet"}, "calls": 17, "peak_memory_mib": 199.6, "recovered": false, "problem_count": 0, "problems": [], "warnings": []}');
INSERT INTO public.runs VALUES (3, '2026-11-22T22:12:56.448661+00:00', '2026-11-22T22:12:56.823843+00:00', 'done', 29635, '{"status": "changed", "run": 3, "project": "memory:1", "seconds": 0.295, "steps": [{"name": "schema", "seconds": 0.0045}, {"name": "pull", "seconds": 0.0421}, {"name": "encode", "seconds": 0.003}, {"name": "train", "seconds": 0.0676}, {"name": "outlook", "seconds": 0.0166}, {"name": "rank", "seconds": 0.0759}, {"name": "push", "seconds": 0.0101}], "pulled": {"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 12, "changed_annotations": 0, "deleted_annotations": 1}, "encoded": 0, "trained": {"version": "m0002-4cdd5923", "status": "champion", "examples": 18, "reason": "not known yet: 0 hold-out items, 20 are needed", "scores": {"items": 0, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}, {"name": "spam", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}], "enough": 20, "few": ["ham", "spam"]}, "created_at": null}, "why_not_trained": "", "champion": "m0002-4cdd5923", "left_out": {"skipped": 1}, "pushed": {"batches": ["081c6d966f2d"], "items": 9, "pre_annotated": 0, "refused": 0, "reranked": true}, "would_push": [], "queue": 10, "pool": 31, "labels": 19, "effort": null, "outlook": {"labels": 100, "gain": null, "agreements": [], "enough": false, "reason": "what more labels would buy is not known yet"}, "calls": 23, "peak_memory_mib": 200.2, "recovered": false, "problem_count": 0, "problems": [], "warnings": []}');
INSERT INTO public.runs VALUES (4, '2026-11-22T22:12:56.877148+00:00', '2026-11-22T22:12:57.104974+00:00', 'done', 29635, '{"status": "changed", "run": 4, "project": "memory:1", "seconds": 0.269, "steps": [{"name": "schema", "seconds": 0.0039}, {"name": "pull", "seconds": 0.0346}, {"name": "encode", "seconds": 0.0027}, {"name": "train", "seconds": 0.059}, {"name": "outlook", "seconds": 0.013}, {"name": "rank", "seconds": 0.0652}, {"name": "push", "seconds": 0.0108}], "pulled": {"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 11, "changed_annotations": 0, "deleted_annotations": 0}, "encoded": 0, "trained": {"version": "m0003-906b3b35", "status": "champion", "examples": 26, "reason": "not known yet: 0 hold-out items, 20 are needed", "scores": {"items": 0, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}, {"name": "spam", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}], "enough": 20, "few": ["ham", "spam"]}, "created_at": null}, "why_not_trained": "", "champion": "m0003-906b3b35", "left_out": {"skipped": 2}, "pushed": {"batches": ["c29d89a2c7cb"], "items": 8, "pre_annotated": 0, "refused": 1, "reranked": true}, "would_push": [], "queue": 9, "pool": 22, "labels": 28, "effort": null, "outlook": {"labels": 100, "gain": null, "agreements": [], "enough": false, "reason": "what more labels would buy is not known yet"}, "calls": 29, "peak_memory_mib": 200.2, "recovered": false, "problem_count": 0, "problems": [], "warnings": ["Item ''ham-1'' was not queued: it is not there"]}');
INSERT INTO public.runs VALUES (5, '2026-11-22T22:12:57.159398+00:00', '2026-11-22T22:12:57.416066+00:00', 'failed', 29635, '{"error": "the platform is down", "kind": "PlatformError"}');
INSERT INTO public.state VALUES ('schema_version', '2');
INSERT INTO public.state VALUES ('project', 'memory:1');
INSERT INTO public.state VALUES ('label_schema', '{"task":"single","question":"label","classes":[{"id":"id-ham","name":"ham"},{"id":"id-spam","name":"spam"}]}');
INSERT INTO public.state VALUES ('class_names', '{"id-ham": ["ham"], "id-spam": ["spam"]}');
INSERT INTO public.state VALUES ('item_seq', '60');
INSERT INTO public.state VALUES ('last_full_pull', '2026-11-22T22:12:55.939002+00:00');
INSERT INTO public.state VALUES ('full_pull', 'done');
INSERT INTO public.state VALUES ('cost', '');
INSERT INTO public.state VALUES ('seconds_spent', '0.0');
INSERT INTO public.state VALUES ('encoded', '60');
INSERT INTO public.state VALUES ('annotation_seq', '46');
INSERT INTO public.state VALUES ('cursor', '106');
INSERT INTO public.state VALUES ('cost_mark', '46');
INSERT INTO public.state VALUES ('rounds', '{"about":["macro-f1/text-linear-v3/balanced/10/100/hashed-text-1-1-262144-v2","2c319bfe486eb0e0c6243786a67c44ab",1000],"ids":[1,2,3,4,5,6,8,9,10,11,12,13,14,15,16,17,18,19,20,22,23,24,26,27,28,29,30,31,32,33,34,35,36,37,38,40,41,42,43,44,45,46,47,48,49,50,52,53,54,55,57,58,60],"rounds":[{"labels":9,"kappa":null},{"labels":33,"kappa":0.8684863523573202,"said":"AQAAAAAAAQAAAAAAAAAAAAEAAAAAAAEAAAAAAAEAAAAAAAEAAAABAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAEAAAAAAAEAAAAAAAEAAAAAAAEAAAABAAAAAAABAAAAAQAAAA=="}]}');
INSERT INTO public.state VALUES ('outlook', '{"labels":100,"gain":null,"agreements":[0.8685],"enough":false,"reason":"what more labels would buy is not known yet"}');
INSERT INTO public.state VALUES ('rerank_due', 'no');
INSERT INTO public.state VALUES ('rerank_pending', 'yes');
INSERT INTO public.steps VALUES (1, 'schema', 'done', '2026-11-22T22:12:55.886863+00:00', 0.004880910993961152, '{}');
INSERT INTO public.steps VALUES (1, 'pull', 'done', '2026-11-22T22:12:55.893509+00:00', 0.05316971400316106, '{"new_items": 60, "changed_items": 0, "removed_items": 0, "new_annotations": 0, "changed_annotations": 0, "deleted_annotations": 0}');
INSERT INTO public.steps VALUES (1, 'rank', 'done', '2026-11-22T22:12:55.956704+00:00', 0.0762182539983769, '{"batch": "cdd5b650363b", "queued": 0}');
INSERT INTO public.steps VALUES (1, 'push', 'done', '2026-11-22T22:12:56.037423+00:00', 0.004836182000872213, '{"batches": ["cdd5b650363b"], "items": 10, "pre_annotated": 0, "refused": 0, "reranked": false}');
INSERT INTO public.steps VALUES (2, 'schema', 'done', '2026-11-22T22:12:56.102677+00:00', 0.003983419999713078, '{}');
INSERT INTO public.steps VALUES (2, 'pull', 'done', '2026-11-22T22:12:56.108034+00:00', 0.032589623995590955, '{"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 12, "changed_annotations": 0, "deleted_annotations": 0}');
INSERT INTO public.steps VALUES (2, 'encode', 'done', '2026-11-22T22:12:56.148782+00:00', 0.01607952699851012, '{"encoded": 7}');
INSERT INTO public.steps VALUES (2, 'train', 'done', '2026-11-22T22:12:56.166446+00:00', 0.13682890200288966, '{"version": "m0001-aaee0326", "status": "champion", "examples": 9, "reason": "the first model", "scores": {"items": 0, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}, {"name": "spam", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}], "enough": 20, "few": ["ham", "spam"]}, "created_at": null}');
INSERT INTO public.steps VALUES (2, 'outlook', 'done', '2026-11-22T22:12:56.305043+00:00', 0.008180117998563219, '{}');
INSERT INTO public.steps VALUES (2, 'rank', 'done', '2026-11-22T22:12:56.326976+00:00', 0.05224270799953956, '{"batch": "ea14ebef0e9c", "queued": 0}');
INSERT INTO public.steps VALUES (2, 'push', 'done', '2026-11-22T22:12:56.383503+00:00', 0.004992130998289213, '{"batches": ["ea14ebef0e9c"], "items": 10, "pre_annotated": 0, "refused": 0, "reranked": false}');
INSERT INTO public.steps VALUES (3, 'schema', 'done', '2026-11-22T22:12:56.450390+00:00', 0.004524442003457807, '{}');
INSERT INTO public.steps VALUES (3, 'pull', 'done', '2026-11-22T22:12:56.456597+00:00', 0.04211601099814288, '{"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 12, "changed_annotations": 0, "deleted_annotations": 1}');
INSERT INTO public.steps VALUES (3, 'encode', 'done', '2026-11-22T22:12:56.507683+00:00', 0.002957394994155038, '{"encoded": 0}');
INSERT INTO public.steps VALUES (3, 'train', 'done', '2026-11-22T22:12:56.511684+00:00', 0.06761728700075764, '{"version": "m0002-4cdd5923", "status": "champion", "examples": 18, "reason": "not known yet: 0 hold-out items, 20 are needed", "scores": {"items": 0, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}, {"name": "spam", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}], "enough": 20, "few": ["ham", "spam"]}, "created_at": null}');
INSERT INTO public.steps VALUES (3, 'outlook', 'done', '2026-11-22T22:12:56.584465+00:00', 0.016587205995165277, '{}');
INSERT INTO public.steps VALUES (3, 'rank', 'done', '2026-11-22T22:12:56.606706+00:00', 0.07594346900441451, '{"batch": "081c6d966f2d", "queued": 1}');
INSERT INTO public.steps VALUES (3, 'push', 'done', '2026-11-22T22:12:56.687642+00:00', 0.01012140200327849, '{"batches": ["081c6d966f2d"], "items": 9, "pre_annotated": 0, "refused": 0, "reranked": true}');
INSERT INTO public.steps VALUES (4, 'schema', 'done', '2026-11-22T22:12:56.878604+00:00', 0.003919854003470391, '{}');
INSERT INTO public.steps VALUES (4, 'pull', 'done', '2026-11-22T22:12:56.884307+00:00', 0.034622316001332365, '{"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 11, "changed_annotations": 0, "deleted_annotations": 0}');
INSERT INTO public.steps VALUES (4, 'encode', 'done', '2026-11-22T22:12:56.927575+00:00', 0.0027321469970047474, '{"encoded": 0}');
INSERT INTO public.steps VALUES (4, 'train', 'done', '2026-11-22T22:12:56.931465+00:00', 0.058959000001777895, '{"version": "m0003-906b3b35", "status": "champion", "examples": 26, "reason": "not known yet: 0 hold-out items, 20 are needed", "scores": {"items": 0, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}, {"name": "spam", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}], "enough": 20, "few": ["ham", "spam"]}, "created_at": null}');
INSERT INTO public.steps VALUES (4, 'outlook', 'done', '2026-11-22T22:12:56.996753+00:00', 0.01303770199592691, '{}');
INSERT INTO public.steps VALUES (4, 'rank', 'done', '2026-11-22T22:12:57.018163+00:00', 0.06515997699898435, '{"batch": "c29d89a2c7cb", "queued": 1}');
INSERT INTO public.steps VALUES (4, 'push', 'done', '2026-11-22T22:12:57.087492+00:00', 0.010774500995466951, '{"batches": ["c29d89a2c7cb"], "items": 8, "pre_annotated": 0, "refused": 1, "reranked": true}');
INSERT INTO public.steps VALUES (5, 'schema', 'done', '2026-11-22T22:12:57.161149+00:00', 0.005092421997687779, '{}');
INSERT INTO public.steps VALUES (5, 'pull', 'done', '2026-11-22T22:12:57.169473+00:00', 0.041882953999447636, '{"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 10, "changed_annotations": 0, "deleted_annotations": 0}');
INSERT INTO public.steps VALUES (5, 'encode', 'done', '2026-11-22T22:12:57.219975+00:00', 0.002638725003635045, '{"encoded": 0}');
INSERT INTO public.steps VALUES (5, 'train', 'done', '2026-11-22T22:12:57.223593+00:00', 0.120416716003092, '{"version": "m0004-e923c523", "status": "champion", "examples": 33, "reason": "not known yet: 0 hold-out items, 20 are needed", "scores": {"items": 0, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}, {"name": "spam", "precision": null, "recall": null, "f1": null, "f1_interval": null, "support": 0}], "enough": 20, "few": ["ham", "spam"]}, "created_at": null}');
INSERT INTO public.steps VALUES (5, 'outlook', 'done', '2026-11-22T22:12:57.345472+00:00', 0.007908517996838782, '{}');
INSERT INTO public.steps VALUES (5, 'rank', 'done', '2026-11-22T22:12:57.359810+00:00', 0.046579702000599355, '{"batch": "8d12af604b4a", "queued": 1}');
INSERT INTO public.steps VALUES (5, 'push', 'failed', '2026-11-22T22:12:57.410886+00:00', 0.003955683998356108, '{}');
SELECT pg_catalog.setval('public.annotations_id_seq', 45, true);
SELECT pg_catalog.setval('public.items_id_seq', 60, true);
SELECT pg_catalog.setval('public.runs_id_seq', 5, true);
ALTER TABLE ONLY public.annotations
    ADD CONSTRAINT annotations_annotation_id_key UNIQUE (annotation_id);
ALTER TABLE ONLY public.annotations
    ADD CONSTRAINT annotations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.batch_items
    ADD CONSTRAINT batch_items_pkey PRIMARY KEY (batch_id, item_id);
ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.items
    ADD CONSTRAINT items_key_key UNIQUE (key);
ALTER TABLE ONLY public.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.models
    ADD CONSTRAINT models_number_key UNIQUE (number);
ALTER TABLE ONLY public.models
    ADD CONSTRAINT models_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.state
    ADD CONSTRAINT state_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.steps
    ADD CONSTRAINT steps_pkey PRIMARY KEY (run_id, name);
CREATE UNIQUE INDEX batch_items_open ON public.batch_items USING btree (item_id) WHERE ((state)::text = 'open'::text);
CREATE INDEX items_line ON public.items USING btree (hold_out, answered, removed, draw, queued, kind, id);
CREATE INDEX ix_annotations_item_id ON public.annotations USING btree (item_id);
CREATE INDEX ix_annotations_seq ON public.annotations USING btree (seq);
CREATE INDEX ix_batch_items_item_id ON public.batch_items USING btree (item_id);
CREATE INDEX ix_items_draw ON public.items USING btree (draw);
CREATE INDEX ix_items_seq ON public.items USING btree (seq);
ALTER TABLE ONLY public.annotations
    ADD CONSTRAINT annotations_item_id_fkey FOREIGN KEY (item_id) REFERENCES public.items(id);
ALTER TABLE ONLY public.batch_items
    ADD CONSTRAINT batch_items_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES public.batches(id);
ALTER TABLE ONLY public.batch_items
    ADD CONSTRAINT batch_items_item_id_fkey FOREIGN KEY (item_id) REFERENCES public.items(id);
ALTER TABLE ONLY public.steps
    ADD CONSTRAINT steps_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.runs(id);
