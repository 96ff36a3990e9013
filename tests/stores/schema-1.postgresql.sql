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
    why text
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
    reason text NOT NULL
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
INSERT INTO public.annotations VALUES (2, 'ham-49/ann', 50, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:02.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 2, 0);
INSERT INTO public.annotations VALUES (3, 'ham-49/bob', 50, 'bob', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:03.000000+00:00', 0, '684c535d379289d38aa487cceb44c93c', NULL, false, false, 3, 0);
INSERT INTO public.annotations VALUES (4, 'ham-11/ann', 12, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:04.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 4, 0);
INSERT INTO public.annotations VALUES (5, 'ham-11/Zoë ☃', 12, 'Zoë ☃', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:05.000000+00:00', 0, '1e1d293c0f29dd942af09653107d55f6', NULL, true, false, 5, 0);
INSERT INTO public.annotations VALUES (6, 'spam-9/ann', 10, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:06.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 6, 0);
INSERT INTO public.annotations VALUES (7, 'spam-54/ann', 55, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:07.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 7, 0);
INSERT INTO public.annotations VALUES (8, 'spam-6/ann', 7, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:08.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 8, 0);
INSERT INTO public.annotations VALUES (9, 'ham-23/ann', 24, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:09.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 9, 0);
INSERT INTO public.annotations VALUES (10, 'spam-18/ann', 19, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:10.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 10, 0);
INSERT INTO public.annotations VALUES (11, 'ham-40/ann', 41, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:11.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 11, 0);
INSERT INTO public.annotations VALUES (12, 'ham-19/ann', 20, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:12.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 12, 0);
INSERT INTO public.annotations VALUES (13, 'spam-36/ann', 37, 'ann', 'skipped', 'null', NULL, '2026-01-01T00:01:13.000000+00:00', 0, '6436305f4aa934cd8a9384b462cd2dd1', NULL, false, false, 13, 0);
INSERT INTO public.annotations VALUES (14, 'spam-57/ann', 58, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:14.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 14, 0);
INSERT INTO public.annotations VALUES (15, 'spam-57/bob', 58, 'bob', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:15.000000+00:00', 0, '08fea53b4cdf836172314becf2a76975', NULL, false, false, 15, 0);
INSERT INTO public.annotations VALUES (16, 'spam-51/ann', 52, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:16.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 16, 0);
INSERT INTO public.annotations VALUES (17, 'spam-51/Zoë ☃', 52, 'Zoë ☃', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:17.000000+00:00', 0, '1e1d293c0f29dd942af09653107d55f6', NULL, true, false, 17, 0);
INSERT INTO public.annotations VALUES (18, 'spam-12/ann', 13, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:18.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 18, 0);
INSERT INTO public.annotations VALUES (19, 'spam-21/ann', 22, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:19.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 19, 0);
INSERT INTO public.annotations VALUES (20, 'ham-55/ann', 56, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:20.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 20, 0);
INSERT INTO public.annotations VALUES (21, 'spam-27/ann', 28, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:21.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 21, 0);
INSERT INTO public.annotations VALUES (22, 'spam-42/ann', 43, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:22.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 22, 0);
INSERT INTO public.annotations VALUES (23, 'spam-3/ann', 4, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:23.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 23, 0);
INSERT INTO public.annotations VALUES (24, 'spam-33/ann', 34, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:24.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 24, 0);
INSERT INTO public.annotations VALUES (1, 'ham-44/ann', 45, 'ann', 'skipped', 'null', NULL, '2026-01-01T00:01:01.000000+00:00', 0, '6436305f4aa934cd8a9384b462cd2dd1', NULL, false, true, 25, 0);
INSERT INTO public.annotations VALUES (25, 'spam-45/ann', 46, 'ann', 'skipped', 'null', NULL, '2026-01-01T00:01:26.000000+00:00', 0, '6436305f4aa934cd8a9384b462cd2dd1', NULL, false, false, 26, 0);
INSERT INTO public.annotations VALUES (26, 'spam-30/ann', 31, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:27.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 27, 0);
INSERT INTO public.annotations VALUES (27, 'spam-30/bob', 31, 'bob', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:28.000000+00:00', 0, '08fea53b4cdf836172314becf2a76975', NULL, false, false, 28, 0);
INSERT INTO public.annotations VALUES (28, 'spam-0/ann', 1, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:29.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 29, 0);
INSERT INTO public.annotations VALUES (29, 'spam-0/Zoë ☃', 1, 'Zoë ☃', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:30.000000+00:00', 0, '1e1d293c0f29dd942af09653107d55f6', NULL, true, false, 30, 0);
INSERT INTO public.annotations VALUES (30, 'spam-15/ann', 16, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:31.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 31, 0);
INSERT INTO public.annotations VALUES (31, 'ham-22/ann', 23, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:32.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 32, 0);
INSERT INTO public.annotations VALUES (32, 'ham-38/ann', 39, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:33.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 33, 0);
INSERT INTO public.annotations VALUES (33, 'ham-37/ann', 38, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:34.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 34, 0);
INSERT INTO public.annotations VALUES (34, 'ham-52/ann', 53, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:35.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 35, 0);
INSERT INTO public.annotations VALUES (35, 'ham-32/ann', 33, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:36.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 36, 0);
INSERT INTO public.annotations VALUES (36, 'ham-31/ann', 32, 'ann', 'skipped', 'null', NULL, '2026-01-01T00:01:37.000000+00:00', 0, '6436305f4aa934cd8a9384b462cd2dd1', NULL, false, false, 37, 0);
INSERT INTO public.annotations VALUES (37, 'ham-16/ann', 17, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:38.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 38, 0);
INSERT INTO public.annotations VALUES (38, 'ham-16/bob', 17, 'bob', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:39.000000+00:00', 0, '684c535d379289d38aa487cceb44c93c', NULL, false, false, 39, 0);
INSERT INTO public.annotations VALUES (39, 'spam-24/ann', 25, 'ann', 'answered', '{"kind": "classes", "chosen": ["spam"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:40.000000+00:00', 0, '6d14ecbc577bf666d5182666401d1288', NULL, false, false, 40, 0);
INSERT INTO public.annotations VALUES (40, 'spam-24/Zoë ☃', 25, 'Zoë ☃', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:41.000000+00:00', 0, '1e1d293c0f29dd942af09653107d55f6', NULL, true, false, 41, 0);
INSERT INTO public.annotations VALUES (41, 'ham-26/ann', 27, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:42.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 42, 0);
INSERT INTO public.annotations VALUES (42, 'ham-41/ann', 42, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:43.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 43, 0);
INSERT INTO public.annotations VALUES (43, 'ham-46/ann', 47, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:44.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 44, 0);
INSERT INTO public.annotations VALUES (44, 'ham-50/ann', 51, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:45.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 45, 0);
INSERT INTO public.annotations VALUES (45, 'ham-56/ann', 57, 'ann', 'answered', '{"kind": "classes", "chosen": ["ham"], "rejected": [], "complete": true}', NULL, '2026-01-01T00:01:46.000000+00:00', 0, '7f767a679f3a3e9cf34b9575645868c0', NULL, false, false, 46, 0);
INSERT INTO public.batch_items VALUES ('c7b81ef301f4', 7, 5, 0, 'random', 'random: for the hold-out', true, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('c7b81ef301f4', 10, 3, 0, 'cold-start', 'cold start: no model yet', false, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('c7b81ef301f4', 12, 2, 0, 'cold-start', 'cold start: no model yet', false, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('c7b81ef301f4', 24, 6, 0, 'cold-start', 'cold start: no model yet', false, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('c7b81ef301f4', 50, 1, 0, 'cold-start', 'cold start: no model yet', false, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('c7b81ef301f4', 55, 4, 0, 'cold-start', 'cold start: no model yet', false, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('c7b81ef301f4', 19, 7, 0, 'cold-start', 'cold start: no model yet', false, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('c7b81ef301f4', 20, 9, 0, 'cold-start', 'cold start: no model yet', false, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('c7b81ef301f4', 41, 8, 0, 'cold-start', 'cold start: no model yet', false, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('9eb610d09ab8', 13, 3, 0.9889998435974121, 'uncertain', 'margin 0.01 between ham 0.51 and spam 0.49', false, '{"item_key": "spam-12", "model_version": "m0001-92ccf86b", "probabilities": {"ham": 0.5055, "spam": 0.4945}, "uncertainty": 0.9889998435974121}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('9eb610d09ab8', 22, 4, 0.9889998435974121, 'uncertain', 'margin 0.01 between ham 0.51 and spam 0.49', false, '{"item_key": "spam-21", "model_version": "m0001-92ccf86b", "probabilities": {"ham": 0.5055, "spam": 0.4945}, "uncertainty": 0.9889998435974121}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('9eb610d09ab8', 28, 6, 0.9889998435974121, 'uncertain', 'margin 0.01 between ham 0.51 and spam 0.49', false, '{"item_key": "spam-27", "model_version": "m0001-92ccf86b", "probabilities": {"ham": 0.5055, "spam": 0.4945}, "uncertainty": 0.9889998435974121}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('9eb610d09ab8', 37, 0, 0.9889998435974121, 'uncertain', 'margin 0.01 between ham 0.51 and spam 0.49', false, '{"item_key": "spam-36", "model_version": "m0001-92ccf86b", "probabilities": {"ham": 0.5055, "spam": 0.4945}, "uncertainty": 0.9889998435974121}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('9eb610d09ab8', 52, 2, 0.9889998435974121, 'uncertain', 'margin 0.01 between ham 0.51 and spam 0.49', false, '{"item_key": "spam-51", "model_version": "m0001-92ccf86b", "probabilities": {"ham": 0.5055, "spam": 0.4945}, "uncertainty": 0.9889998435974121}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('9eb610d09ab8', 56, 5, 0, 'random', 'random: for the hold-out', true, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('9eb610d09ab8', 58, 1, 0.9889998435974121, 'uncertain', 'margin 0.01 between ham 0.51 and spam 0.49', false, '{"item_key": "spam-57", "model_version": "m0001-92ccf86b", "probabilities": {"ham": 0.5055, "spam": 0.4945}, "uncertainty": 0.9889998435974121}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('9eb610d09ab8', 4, 8, 0.7002129554748535, 'uncertain', 'margin 0.30 between spam 0.65 and ham 0.35', false, '{"item_key": "spam-3", "model_version": "m0001-92ccf86b", "probabilities": {"ham": 0.350106, "spam": 0.649894}, "uncertainty": 0.7002129554748535}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('9eb610d09ab8', 34, 9, 0.7002129554748535, 'uncertain', 'margin 0.30 between spam 0.65 and ham 0.35', false, '{"item_key": "spam-33", "model_version": "m0001-92ccf86b", "probabilities": {"ham": 0.350106, "spam": 0.649894}, "uncertainty": 0.7002129554748535}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('9eb610d09ab8', 43, 7, 0.9889998435974121, 'uncertain', 'margin 0.01 between ham 0.51 and spam 0.49', false, '{"item_key": "spam-42", "model_version": "m0001-92ccf86b", "probabilities": {"ham": 0.5055, "spam": 0.4945}, "uncertainty": 0.9889998435974121}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('36aca7d1452d', 1, 2, 0.8400079011917114, 'uncertain', 'margin 0.16 between spam 0.58 and ham 0.42', false, '{"item_key": "spam-0", "model_version": "m0002-34496762", "probabilities": {"ham": 0.420004, "spam": 0.579996}, "uncertainty": 0.8400079011917114}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('36aca7d1452d', 16, 3, 0.8400079011917114, 'uncertain', 'margin 0.16 between spam 0.58 and ham 0.42', false, '{"item_key": "spam-15", "model_version": "m0002-34496762", "probabilities": {"ham": 0.420004, "spam": 0.579996}, "uncertainty": 0.8400079011917114}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('36aca7d1452d', 23, 4, 0.4464535713195801, 'uncertain', 'margin 0.55 between ham 0.78 and spam 0.22', false, '{"item_key": "ham-22", "model_version": "m0002-34496762", "probabilities": {"ham": 0.776773, "spam": 0.223227}, "uncertainty": 0.4464535713195801}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('36aca7d1452d', 31, 1, 0.8400079011917114, 'uncertain', 'margin 0.16 between spam 0.58 and ham 0.42', false, '{"item_key": "spam-30", "model_version": "m0002-34496762", "probabilities": {"ham": 0.420004, "spam": 0.579996}, "uncertainty": 0.8400079011917114}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('36aca7d1452d', 39, 5, 0, 'random', 'random: for the hold-out', true, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('36aca7d1452d', 33, 8, 0.4464535713195801, 'uncertain', 'margin 0.55 between ham 0.78 and spam 0.22', false, '{"item_key": "ham-32", "model_version": "m0002-34496762", "probabilities": {"ham": 0.776773, "spam": 0.223227}, "uncertainty": 0.4464535713195801}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('36aca7d1452d', 53, 7, 0.4464535713195801, 'uncertain', 'margin 0.55 between ham 0.78 and spam 0.22', false, '{"item_key": "ham-52", "model_version": "m0002-34496762", "probabilities": {"ham": 0.776773, "spam": 0.223227}, "uncertainty": 0.4464535713195801}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('c7b81ef301f4', 45, 9, 0.04874229431152344, 'cold-start', 'margin 0.95 between ham 0.98 and spam 0.02', false, '{"item_key": "ham-44", "model_version": "m0004-079aaa8e", "probabilities": {"ham": 0.975629, "spam": 0.024371}, "uncertainty": 0.04874229431152344}', 'open', NULL);
INSERT INTO public.batch_items VALUES ('36aca7d1452d', 38, 6, 0.4464535713195801, 'uncertain', 'margin 0.55 between ham 0.78 and spam 0.22', false, '{"item_key": "ham-37", "model_version": "m0002-34496762", "probabilities": {"ham": 0.776773, "spam": 0.223227}, "uncertainty": 0.4464535713195801}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('36aca7d1452d', 46, 0, 0.8400079011917114, 'uncertain', 'margin 0.16 between spam 0.58 and ham 0.42', false, '{"item_key": "spam-45", "model_version": "m0002-34496762", "probabilities": {"ham": 0.420004, "spam": 0.579996}, "uncertainty": 0.8400079011917114}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('b27cd197cc26', 2, 3, 0.26917052268981934, 'uncertain', 'margin 0.73 between ham 0.87 and spam 0.13', false, '{"item_key": "ham-1", "model_version": "m0003-ef4337d5", "probabilities": {"ham": 0.865415, "spam": 0.134585}, "uncertainty": 0.26917052268981934}', 'refused', 'it is not there');
INSERT INTO public.batch_items VALUES ('b27cd197cc26', 17, 1, 0.26917052268981934, 'uncertain', 'margin 0.73 between ham 0.87 and spam 0.13', false, '{"item_key": "ham-16", "model_version": "m0003-ef4337d5", "probabilities": {"ham": 0.865415, "spam": 0.134585}, "uncertainty": 0.26917052268981934}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('b27cd197cc26', 25, 2, 0, 'random', 'random: for the hold-out', true, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('b27cd197cc26', 27, 4, 0.26917052268981934, 'uncertain', 'margin 0.73 between ham 0.87 and spam 0.13', false, '{"item_key": "ham-26", "model_version": "m0003-ef4337d5", "probabilities": {"ham": 0.865415, "spam": 0.134585}, "uncertainty": 0.26917052268981934}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('b27cd197cc26', 32, 0, 0.26917052268981934, 'uncertain', 'margin 0.73 between ham 0.87 and spam 0.13', false, '{"item_key": "ham-31", "model_version": "m0003-ef4337d5", "probabilities": {"ham": 0.865415, "spam": 0.134585}, "uncertainty": 0.26917052268981934}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('b27cd197cc26', 42, 5, 0.26917052268981934, 'uncertain', 'margin 0.73 between ham 0.87 and spam 0.13', false, '{"item_key": "ham-41", "model_version": "m0003-ef4337d5", "probabilities": {"ham": 0.865415, "spam": 0.134585}, "uncertainty": 0.26917052268981934}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('b27cd197cc26', 47, 6, 0.26917052268981934, 'uncertain', 'margin 0.73 between ham 0.87 and spam 0.13', false, '{"item_key": "ham-46", "model_version": "m0003-ef4337d5", "probabilities": {"ham": 0.865415, "spam": 0.134585}, "uncertainty": 0.26917052268981934}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('b27cd197cc26', 51, 7, 0, 'random', 'random: for the hold-out', true, 'null', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('b27cd197cc26', 57, 8, 0.26917052268981934, 'uncertain', 'margin 0.73 between ham 0.87 and spam 0.13', false, '{"item_key": "ham-56", "model_version": "m0003-ef4337d5", "probabilities": {"ham": 0.865415, "spam": 0.134585}, "uncertainty": 0.26917052268981934}', 'answered', NULL);
INSERT INTO public.batch_items VALUES ('a24e336915cb', 40, 0, 0.14713215827941895, 'uncertain', 'margin 0.85 between spam 0.93 and ham 0.07', false, '{"item_key": "spam-39", "model_version": "m0004-079aaa8e", "probabilities": {"ham": 0.073566, "spam": 0.926434}, "uncertainty": 0.14713215827941895}', 'open', NULL);
INSERT INTO public.batch_items VALUES ('a24e336915cb', 49, 1, 0.11591506004333496, 'uncertain', 'margin 0.88 between spam 0.94 and ham 0.06', false, '{"item_key": "spam-48", "model_version": "m0004-079aaa8e", "probabilities": {"ham": 0.057958, "spam": 0.942042}, "uncertainty": 0.11591506004333496}', 'open', NULL);
INSERT INTO public.batch_items VALUES ('a24e336915cb', 21, 2, 0, 'random', 'random: for the hold-out', true, 'null', 'open', NULL);
INSERT INTO public.batch_items VALUES ('a24e336915cb', 30, 3, 0.04874229431152344, 'uncertain', 'margin 0.95 between ham 0.98 and spam 0.02', false, '{"item_key": "ham-29", "model_version": "m0004-079aaa8e", "probabilities": {"ham": 0.975629, "spam": 0.024371}, "uncertainty": 0.04874229431152344}', 'open', NULL);
INSERT INTO public.batch_items VALUES ('a24e336915cb', 35, 4, 0.04874229431152344, 'uncertain', 'margin 0.95 between ham 0.98 and spam 0.02', false, '{"item_key": "ham-34", "model_version": "m0004-079aaa8e", "probabilities": {"ham": 0.975629, "spam": 0.024371}, "uncertainty": 0.04874229431152344}', 'open', NULL);
INSERT INTO public.batch_items VALUES ('a24e336915cb', 15, 5, 0.04874229431152344, 'uncertain', 'margin 0.95 between ham 0.98 and spam 0.02', false, '{"item_key": "ham-14", "model_version": "m0004-079aaa8e", "probabilities": {"ham": 0.975629, "spam": 0.024371}, "uncertainty": 0.04874229431152344}', 'open', NULL);
INSERT INTO public.batch_items VALUES ('a24e336915cb', 5, 6, 0.04874229431152344, 'uncertain', 'margin 0.95 between ham 0.98 and spam 0.02', false, '{"item_key": "ham-4", "model_version": "m0004-079aaa8e", "probabilities": {"ham": 0.975629, "spam": 0.024371}, "uncertainty": 0.04874229431152344}', 'open', NULL);
INSERT INTO public.batch_items VALUES ('a24e336915cb', 59, 7, 0, 'random', 'random: for the hold-out', true, 'null', 'open', NULL);
INSERT INTO public.batch_items VALUES ('a24e336915cb', 60, 8, 0.04874229431152344, 'uncertain', 'margin 0.95 between ham 0.98 and spam 0.02', false, '{"item_key": "ham-59", "model_version": "m0004-079aaa8e", "probabilities": {"ham": 0.975629, "spam": 0.024371}, "uncertainty": 0.04874229431152344}', 'open', NULL);
INSERT INTO public.batches VALUES ('c7b81ef301f4', '2026-11-22T11:57:09.249333+00:00', NULL, 'pushed', 10, '2026-11-22T11:57:09.276585+00:00');
INSERT INTO public.batches VALUES ('9eb610d09ab8', '2026-11-22T11:57:09.761379+00:00', 'm0001-92ccf86b', 'pushed', 10, '2026-11-22T11:57:09.786325+00:00');
INSERT INTO public.batches VALUES ('36aca7d1452d', '2026-11-22T11:57:10.300091+00:00', 'm0002-34496762', 'pushed', 9, '2026-11-22T11:57:10.336691+00:00');
INSERT INTO public.batches VALUES ('b27cd197cc26', '2026-11-22T11:57:10.898897+00:00', 'm0003-ef4337d5', 'pushed', 9, '2026-11-22T11:57:10.948567+00:00');
INSERT INTO public.batches VALUES ('a24e336915cb', '2026-11-22T11:57:11.574946+00:00', 'm0004-079aaa8e', 'planned', 9, NULL);
INSERT INTO public.items VALUES (2, 'ham-1', 'text', 'lunch project about number 1', NULL, '{}', '0d620e44411872f3da8098705e66ca4d', 2, 4563915729609158162, false, false, false, false, '2026-01-01T00:00:02.000000+00:00', 1);
INSERT INTO public.items VALUES (3, 'ham-2', 'text', 'report meeting about number 2', NULL, '{}', '96efb7a2f3409041c3df1bc2612ccf16', 3, 1190294691697985749, false, false, false, false, '2026-01-01T00:00:03.000000+00:00', 1);
INSERT INTO public.items VALUES (33, 'ham-32', 'text', 'report meeting about number 32', NULL, '{}', '1b90cb0068a38602b7cfd1108a037eda', 33, 3007671132535355238, false, false, false, true, '2026-01-01T00:01:36.000000+00:00', 1);
INSERT INTO public.items VALUES (5, 'ham-4', 'text', 'team team about number 4', NULL, '{}', '4cbd9223fec380e54f363c1128b4585d', 5, 4003250339934519078, false, false, false, false, '2026-01-01T00:00:05.000000+00:00', 1);
INSERT INTO public.items VALUES (6, 'ham-5', 'text', 'meeting lunch about number 5', NULL, '{}', '3ce96392ee2741430561bc1e928d5654', 6, 3964127777742484731, false, false, false, false, '2026-01-01T00:00:06.000000+00:00', 1);
INSERT INTO public.items VALUES (8, 'ham-7', 'text', 'report meeting about number 7', NULL, '{}', 'b7bd43add84d904fd1186c60f233a9ec', 8, 3582082232908520653, false, false, false, false, '2026-01-01T00:00:08.000000+00:00', 1);
INSERT INTO public.items VALUES (9, 'ham-8', 'text', 'project report about number 8', NULL, '{}', 'b8e116b73de1afbe2c593ab84f55cf8e', 9, 2018263171032164708, false, false, false, false, '2026-01-01T00:00:09.000000+00:00', 1);
INSERT INTO public.items VALUES (11, 'ham-10', 'text', 'meeting lunch about number 10', NULL, '{}', '276c3041b4698f1f07b338b52a3c0474', 11, 2067513313206993796, false, false, false, false, '2026-01-01T00:00:11.000000+00:00', 1);
INSERT INTO public.items VALUES (19, 'spam-18', 'text', 'offer prize about number 18', NULL, '{}', '0653ed9f7aabb7491740d99235c1ff43', 19, 1008150564216058174, false, false, false, true, '2026-01-01T00:01:10.000000+00:00', 1);
INSERT INTO public.items VALUES (4, 'spam-3', 'text', 'offer prize about number 3', NULL, '{}', '1950fd864273b56917121ecfb8c0d65e', 4, 2285832605508516790, false, false, false, true, '2026-01-01T00:01:23.000000+00:00', 1);
INSERT INTO public.items VALUES (14, 'ham-13', 'text', 'project report about number 13', NULL, '{}', 'fc3dc7182da10da88d63185419695154', 14, 1378508691688852125, false, false, false, false, '2026-01-01T00:00:14.000000+00:00', 1);
INSERT INTO public.items VALUES (15, 'ham-14', 'text', 'team team about number 14', NULL, '{}', 'f4cf720b76f87f7b5773393b957012c9', 15, 3026377039151187206, false, false, false, false, '2026-01-01T00:00:15.000000+00:00', 1);
INSERT INTO public.items VALUES (18, 'ham-17', 'text', 'report meeting about number 17', NULL, '{}', 'a6d953873f430677d6daac3f3ee130f2', 18, 3795156369262831132, false, false, false, false, '2026-01-01T00:00:18.000000+00:00', 1);
INSERT INTO public.items VALUES (22, 'spam-21', 'text', 'money offer about number 21', NULL, '{}', '8e701af6135345773052dbc65666ce87', 22, 3913670422803011961, false, false, false, true, '2026-01-01T00:01:19.000000+00:00', 1);
INSERT INTO public.items VALUES (28, 'spam-27', 'text', 'prize win about number 27', NULL, '{}', 'ebde32555c68a67fb365cb81345fb57e', 28, 2099330038766910098, false, false, false, true, '2026-01-01T00:01:21.000000+00:00', 1);
INSERT INTO public.items VALUES (21, 'ham-20', 'text', 'meeting lunch about number 20', NULL, '{}', '84dbc7111fb4fffa487e7843d32dd5c0', 21, 560645018073342147, true, false, false, false, '2026-01-01T00:00:21.000000+00:00', 1);
INSERT INTO public.items VALUES (34, 'spam-33', 'text', 'offer prize about number 33', NULL, '{}', '0db9b95c6547f8f80bacb514b720a1ee', 34, 1556259410329113933, false, false, false, true, '2026-01-01T00:01:24.000000+00:00', 1);
INSERT INTO public.items VALUES (27, 'ham-26', 'text', 'lunch project about number 26', NULL, '{}', 'af88fc7afc9733f4b00d996079080889', 27, 1325045854785646174, false, false, false, true, '2026-01-01T00:01:42.000000+00:00', 1);
INSERT INTO public.items VALUES (20, 'ham-19', 'text', 'team team about number 19', NULL, '{}', 'fcf4f6d59f7eebdce0b0a7b5c070fa18', 20, 1097893171087376877, false, false, false, true, '2026-01-01T00:01:12.000000+00:00', 1);
INSERT INTO public.items VALUES (26, 'ham-25', 'text', 'meeting lunch about number 25', NULL, '{}', '64e2d6649e9d6ea8b8e4002d246fd1d4', 26, 1630756084428820804, false, false, false, false, '2026-01-01T00:00:26.000000+00:00', 1);
INSERT INTO public.items VALUES (32, 'ham-31', 'text', 'lunch project about number 31', NULL, '{}', '5f352b936cbb288d02f6ee787314d57d', 32, 4196596464358635251, false, false, false, true, '2026-01-01T00:01:37.000000+00:00', 1);
INSERT INTO public.items VALUES (29, 'ham-28', 'text', 'project report about number 28', NULL, '{}', '26c9ed8a2680877376422cf57e8eae4c', 29, 4032265075537996385, false, false, false, false, '2026-01-01T00:00:29.000000+00:00', 1);
INSERT INTO public.items VALUES (30, 'ham-29', 'text', 'team team about number 29', NULL, '{}', 'c51882aef3e291dec740f9ad70a51a7a', 30, 4136864935366576851, false, false, false, false, '2026-01-01T00:00:30.000000+00:00', 1);
INSERT INTO public.items VALUES (17, 'ham-16', 'text', 'lunch project about number 16', NULL, '{}', 'dc148919b0c385f1be73917a5105be02', 17, 3706309414506767256, false, false, false, true, '2026-01-01T00:01:39.000000+00:00', 1);
INSERT INTO public.items VALUES (25, 'spam-24', 'text', 'click click about number 24', NULL, '{}', 'bc33becafcc9a2f1dd3914055c284369', 25, 330566159753317526, true, false, false, true, '2026-01-01T00:01:41.000000+00:00', 1);
INSERT INTO public.items VALUES (1, 'spam-0', 'text', 'win money about number 0', NULL, '{}', 'b863948a048513875c882f0098b1772a', 1, 2548331009693167460, false, false, false, true, '2026-01-01T00:01:30.000000+00:00', 1);
INSERT INTO public.items VALUES (35, 'ham-34', 'text', 'team team about number 34', NULL, '{}', 'eaec7bb195f0ec0fa4ef59a0a295a9d4', 35, 1424663280840499069, false, false, false, false, '2026-01-01T00:00:35.000000+00:00', 1);
INSERT INTO public.items VALUES (16, 'spam-15', 'text', 'win money about number 15', NULL, '{}', 'a3ef062790ac5ead3376a4659615e579', 16, 4301490395870860362, false, false, false, true, '2026-01-01T00:01:31.000000+00:00', 1);
INSERT INTO public.items VALUES (13, 'spam-12', 'text', 'prize win about number 12', NULL, '{}', '421a50b92e24a254af4cd41cd3949e68', 13, 2919541503697109484, false, false, false, true, '2026-01-01T00:01:18.000000+00:00', 1);
INSERT INTO public.items VALUES (23, 'ham-22', 'text', 'report meeting about number 22', NULL, '{}', '33d5d706e52ca7a0d885edc24a374e8a', 23, 2884537307739828179, false, false, false, true, '2026-01-01T00:01:32.000000+00:00', 1);
INSERT INTO public.items VALUES (31, 'spam-30', 'text', 'win money about number 30', NULL, '{}', 'c31f08093248f0436843dc44421e26f8', 31, 2129134682320747713, false, false, false, true, '2026-01-01T00:01:28.000000+00:00', 1);
INSERT INTO public.items VALUES (12, 'ham-11', 'text', 'lunch project about number 11', NULL, '{}', '70282cb7d757a495ba29e0129b1d2a36', 12, 800416975084167868, false, false, false, true, '2026-01-01T00:01:05.000000+00:00', 1);
INSERT INTO public.items VALUES (10, 'spam-9', 'text', 'click click about number 9', NULL, '{}', '5a95558c72adb4610c874cf031498ad4', 10, 838195763227779024, false, false, false, true, '2026-01-01T00:01:06.000000+00:00', 1);
INSERT INTO public.items VALUES (7, 'spam-6', 'text', 'money offer about number 6', NULL, '{}', '4f0235b1f908e399c4eec2a188b0134a', 7, 44526866124692273, true, false, false, true, '2026-01-01T00:01:08.000000+00:00', 1);
INSERT INTO public.items VALUES (36, 'ham-35', 'text', 'meeting lunch about number 35', NULL, '{}', '85e61c30a3dab0dfcd2598ad8dcf9a69', 36, 1731005342842253128, false, false, false, false, '2026-01-01T00:00:36.000000+00:00', 1);
INSERT INTO public.items VALUES (40, 'spam-39', 'text', 'click click about number 39', NULL, '{}', '6e0819baa6d51cbeb68e029f5d599a22', 40, 3079569522018669212, false, false, false, false, '2026-01-01T00:00:40.000000+00:00', 1);
INSERT INTO public.items VALUES (44, 'ham-43', 'text', 'project report about number 43', NULL, '{}', 'a280edd8efc0c4b5aa120696ed44e35c', 44, 2089455051106048219, false, false, false, false, '2026-01-01T00:00:44.000000+00:00', 1);
INSERT INTO public.items VALUES (57, 'ham-56', 'text', 'lunch project about number 56', NULL, '{}', '4189ab0ad4f1e34ffe44f50051765c7a', 57, 4580072925524983256, false, false, false, true, '2026-01-01T00:01:46.000000+00:00', 1);
INSERT INTO public.items VALUES (48, 'ham-47', 'text', 'report meeting about number 47', NULL, '{}', '0ea046c6dfddae814b0dbe5438d2e2f4', 48, 3582388514010713807, false, false, false, false, '2026-01-01T00:00:48.000000+00:00', 1);
INSERT INTO public.items VALUES (49, 'spam-48', 'text', 'offer prize about number 48', NULL, '{}', '799763ab294f4f4f9a0981f8d5bfe1c5', 49, 2165251841651911554, false, false, false, false, '2026-01-01T00:00:49.000000+00:00', 1);
INSERT INTO public.items VALUES (39, 'ham-38', 'text', 'project report about number 38', NULL, '{}', '10dc31a42b75d5bd09b28870ae0a752d', 39, 288486933091220935, true, false, false, true, '2026-01-01T00:01:33.000000+00:00', 1);
INSERT INTO public.items VALUES (38, 'ham-37', 'text', 'report meeting about number 37', NULL, '{}', '25333dcbbed9301372058b25753bfe0d', 38, 1724153416940608327, false, false, false, true, '2026-01-01T00:01:34.000000+00:00', 1);
INSERT INTO public.items VALUES (54, 'ham-53', 'text', 'project report about number 53', NULL, '{}', 'c9452c69b1d51145a21443bbdb3c0e3e', 54, 2984632652506905248, false, false, false, false, '2026-01-01T00:00:54.000000+00:00', 1);
INSERT INTO public.items VALUES (43, 'spam-42', 'text', 'prize win about number 42', NULL, '{}', 'c14e9886cf086c7ff16fdea6b21b0f57', 43, 1483749464307670080, false, false, false, true, '2026-01-01T00:01:22.000000+00:00', 1);
INSERT INTO public.items VALUES (46, 'spam-45', 'text', 'win money about number 45', NULL, '{}', '1fa74cd1521af32bf7e765e5235be8e2', 46, 1705251542889702563, false, false, false, true, '2026-01-01T00:01:26.000000+00:00', 1);
INSERT INTO public.items VALUES (59, 'ham-58', 'text', 'project report about number 58', NULL, '{}', '0f84ef762d66ed385bb6d57659ba3c31', 59, 660457686634434730, true, false, false, false, '2026-01-01T00:00:59.000000+00:00', 1);
INSERT INTO public.items VALUES (60, 'ham-59', 'text', 'team team about number 59', NULL, '{}', 'df75cd8e41cf216c59f04da683915788', 60, 2139116559892631982, false, false, false, false, '2026-01-01T00:01:00.000000+00:00', 1);
INSERT INTO public.items VALUES (45, 'ham-44', 'text', 'team team about number 44', NULL, '{}', 'eb48aa5b41f4374dcb2e8c0f5cdfa4ec', 45, 700023277700350762, false, false, false, false, '2026-01-01T00:01:25.000000+00:00', 1);
INSERT INTO public.items VALUES (53, 'ham-52', 'text', 'report meeting about number 52', NULL, '{}', 'fafb5acd13d0b188ddb9928d10a8270a', 53, 2655235034343504672, false, false, false, true, '2026-01-01T00:01:35.000000+00:00', 1);
INSERT INTO public.items VALUES (24, 'ham-23', 'text', 'project report about number 23', NULL, '{}', '5c0ad12a53d348ab066c01d3980d6b36', 24, 910211167469727240, false, false, false, true, '2026-01-01T00:01:09.000000+00:00', 1);
INSERT INTO public.items VALUES (50, 'ham-49', 'text', 'team team about number 49', NULL, '{}', '4d5123a748c49422b6d0e2aabe788740', 50, 800245665717974846, false, false, false, true, '2026-01-01T00:01:03.000000+00:00', 1);
INSERT INTO public.items VALUES (55, 'spam-54', 'text', 'click click about number 54', NULL, '{}', '12f04980667fab6400e285f97f174361', 55, 845979817976353547, false, false, false, true, '2026-01-01T00:01:07.000000+00:00', 1);
INSERT INTO public.items VALUES (41, 'ham-40', 'text', 'meeting lunch about number 40', NULL, '{}', '9d7ea4e1255c3de2ec3d833a5084ee1a', 41, 1030186432506701352, false, false, false, true, '2026-01-01T00:01:11.000000+00:00', 1);
INSERT INTO public.items VALUES (42, 'ham-41', 'text', 'lunch project about number 41', NULL, '{}', 'ecde78de37abafe4ff0660bec5d37bd1', 42, 2882051516444927277, false, false, false, true, '2026-01-01T00:01:43.000000+00:00', 1);
INSERT INTO public.items VALUES (47, 'ham-46', 'text', 'lunch project about number 46', NULL, '{}', '58eadda85e753079fdb0db889fa9053a', 47, 3296276928840151318, false, false, false, true, '2026-01-01T00:01:44.000000+00:00', 1);
INSERT INTO public.items VALUES (51, 'ham-50', 'text', 'meeting lunch about number 50', NULL, '{}', '045d22a3dfa7011137f68715ecfc79c1', 51, 472310784509412960, true, false, false, true, '2026-01-01T00:01:45.000000+00:00', 1);
INSERT INTO public.items VALUES (37, 'spam-36', 'text', 'money offer about number 36', NULL, '{}', 'c9164a48f58ab9215d6cb98f13704dfc', 37, 3630500919243195840, false, false, false, true, '2026-01-01T00:01:13.000000+00:00', 1);
INSERT INTO public.items VALUES (58, 'spam-57', 'text', 'prize win about number 57', NULL, '{}', '0d204fdfc0020d593573c88c14e8a1df', 58, 3053179712619308527, false, false, false, true, '2026-01-01T00:01:15.000000+00:00', 1);
INSERT INTO public.items VALUES (52, 'spam-51', 'text', 'money offer about number 51', NULL, '{}', '01338a44b0b7adbe73b1722af55972f0', 52, 2821042469333267527, false, false, false, true, '2026-01-01T00:01:17.000000+00:00', 1);
INSERT INTO public.items VALUES (56, 'ham-55', 'text', 'meeting lunch about number 55', NULL, '{}', 'fda7bf897decdb2a90d20d844e95c4f2', 56, 152861221692652457, true, false, false, true, '2026-01-01T00:01:20.000000+00:00', 1);
INSERT INTO public.models VALUES ('m0001-92ccf86b', 1, '2026-11-22T11:57:09.652563+00:00', 'retired', 'text-linear-v2/balanced/10/hashed-text-1-1-262144-v1', '{"model": {"estimator": "auto", "params": {}, "input": "text", "trusted": [], "class_weight": "balanced", "ngrams": [1, 1], "columns": 262144, "strength": 10.0, "committee": 0}, "answers": {"min_annotators": 1, "min_agreement": 0.5, "rename": {}}}', '2c319bfe486eb0e0c6243786a67c44ab', 12, 8, '{"items": 1, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": {"value": 0.0, "low": 0.0, "high": 0.7934506882081973}, "recall": null, "f1": null, "support": 0}, {"name": "spam", "precision": null, "recall": {"value": 0.0, "low": 0.0, "high": 0.7934506882081973}, "f1": 0.0, "support": 1}], "enough": 20}', 'the first model');
INSERT INTO public.models VALUES ('m0002-34496762', 2, '2026-11-22T11:57:10.216534+00:00', 'retired', 'text-linear-v2/balanced/10/hashed-text-1-1-262144-v1', '{"model": {"estimator": "auto", "params": {}, "input": "text", "trusted": [], "class_weight": "balanced", "ngrams": [1, 1], "columns": 262144, "strength": 10.0, "committee": 0}, "answers": {"min_annotators": 1, "min_agreement": 0.5, "rename": {}}}', '2c319bfe486eb0e0c6243786a67c44ab', 25, 16, '{"items": 2, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": {"value": 0.5, "low": 0.09453120463920084, "high": 0.9054687953607992}, "recall": {"value": 1.0, "low": 0.2065493117918027, "high": 1.0}, "f1": 0.6666666666666666, "support": 1}, {"name": "spam", "precision": null, "recall": {"value": 0.0, "low": 0.0, "high": 0.7934506882081973}, "f1": 0.0, "support": 1}], "enough": 20}', 'not known yet: 2 hold-out items, 20 are needed');
INSERT INTO public.models VALUES ('m0003-ef4337d5', 3, '2026-11-22T11:57:10.779448+00:00', 'retired', 'text-linear-v2/balanced/10/hashed-text-1-1-262144-v1', '{"model": {"estimator": "auto", "params": {}, "input": "text", "trusted": [], "class_weight": "balanced", "ngrams": [1, 1], "columns": 262144, "strength": 10.0, "committee": 0}, "answers": {"min_annotators": 1, "min_agreement": 0.5, "rename": {}}}', '2c319bfe486eb0e0c6243786a67c44ab', 36, 23, '{"items": 3, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": {"value": 1.0, "low": 0.34238022395464934, "high": 1.0}, "recall": {"value": 1.0, "low": 0.34238022395464934, "high": 1.0}, "f1": 1.0, "support": 2}, {"name": "spam", "precision": {"value": 1.0, "low": 0.2065493117918027, "high": 1.0}, "recall": {"value": 1.0, "low": 0.2065493117918027, "high": 1.0}, "f1": 1.0, "support": 1}], "enough": 20}', 'not known yet: 3 hold-out items, 20 are needed');
INSERT INTO public.models VALUES ('m0004-079aaa8e', 4, '2026-11-22T11:57:11.478520+00:00', 'champion', 'text-linear-v2/balanced/10/hashed-text-1-1-262144-v1', '{"model": {"estimator": "auto", "params": {}, "input": "text", "trusted": [], "class_weight": "balanced", "ngrams": [1, 1], "columns": 262144, "strength": 10.0, "committee": 0}, "answers": {"min_annotators": 1, "min_agreement": 0.5, "rename": {}}}', '2c319bfe486eb0e0c6243786a67c44ab', 46, 28, '{"items": 5, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": {"value": 1.0, "low": 0.4385029643606804, "high": 1.0}, "recall": {"value": 0.75, "low": 0.3006418400969081, "high": 0.954412739704631}, "f1": 0.8571428571428571, "support": 4}, {"name": "spam", "precision": {"value": 0.5, "low": 0.09453120463920084, "high": 0.9054687953607992}, "recall": {"value": 1.0, "low": 0.2065493117918027, "high": 1.0}, "f1": 0.6666666666666666, "support": 1}], "enough": 20}', 'not known yet: 5 hold-out items, 20 are needed');
INSERT INTO public.runs VALUES (1, '2026-11-22T11:57:08.996874+00:00', '2026-11-22T11:57:09.286742+00:00', 'done', 14250, '{"status": "changed", "run": 1, "project": "memory:1", "seconds": 0.453, "steps": [{"name": "schema", "seconds": 0.0196}, {"name": "pull", "seconds": 0.1614}, {"name": "rank", "seconds": 0.0374}, {"name": "push", "seconds": 0.0094}], "pulled": {"new_items": 60, "changed_items": 0, "removed_items": 0, "new_annotations": 0, "changed_annotations": 0, "deleted_annotations": 0}, "encoded": 0, "trained": null, "why_not_trained": "nothing new to learn", "champion": null, "left_out": {}, "pushed": {"batches": ["c7b81ef301f4"], "items": 10, "pre_annotated": 0, "refused": 0, "reranked": false}, "would_push": [], "queue": 10, "pool": 50, "labels": 0, "calls": 12, "peak_memory_mib": 188.2, "recovered": false, "problem_count": 0, "problems": [], "warnings": []}');
INSERT INTO public.runs VALUES (2, '2026-11-22T11:57:09.349669+00:00', '2026-11-22T11:57:09.795601+00:00', 'done', 14250, '{"status": "changed", "run": 2, "project": "memory:1", "seconds": 0.491, "steps": [{"name": "schema", "seconds": 0.0078}, {"name": "pull", "seconds": 0.0569}, {"name": "encode", "seconds": 0.0536}, {"name": "train", "seconds": 0.1995}, {"name": "rank", "seconds": 0.0419}, {"name": "push", "seconds": 0.0101}], "pulled": {"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 12, "changed_annotations": 0, "deleted_annotations": 0}, "encoded": 60, "trained": {"version": "m0001-92ccf86b", "status": "champion", "examples": 8, "reason": "the first model", "scores": {"items": 1, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": {"value": 0.0, "low": 0.0, "high": 0.7934506882081973}, "recall": null, "f1": null, "support": 0}, {"name": "spam", "precision": null, "recall": {"value": 0.0, "low": 0.0, "high": 0.7934506882081973}, "f1": 0.0, "support": 1}], "enough": 20}, "created_at": null}, "why_not_trained": "", "champion": "m0001-92ccf86b", "left_out": {"skipped": 1}, "pushed": {"batches": ["9eb610d09ab8"], "items": 10, "pre_annotated": 0, "refused": 0, "reranked": false}, "would_push": [], "queue": 10, "pool": 40, "labels": 10, "calls": 17, "peak_memory_mib": 190.5, "recovered": false, "problem_count": 0, "problems": [], "warnings": []}');
INSERT INTO public.runs VALUES (3, '2026-11-22T11:57:09.906340+00:00', '2026-11-22T11:57:10.360573+00:00', 'done', 14250, '{"status": "changed", "run": 3, "project": "memory:1", "seconds": 0.543, "steps": [{"name": "schema", "seconds": 0.007}, {"name": "pull", "seconds": 0.0657}, {"name": "encode", "seconds": 0.0066}, {"name": "train", "seconds": 0.2237}, {"name": "rank", "seconds": 0.0532}, {"name": "push", "seconds": 0.0223}], "pulled": {"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 12, "changed_annotations": 0, "deleted_annotations": 1}, "encoded": 0, "trained": {"version": "m0002-34496762", "status": "champion", "examples": 16, "reason": "not known yet: 2 hold-out items, 20 are needed", "scores": {"items": 2, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": {"value": 0.5, "low": 0.09453120463920084, "high": 0.9054687953607992}, "recall": {"value": 1.0, "low": 0.2065493117918027, "high": 1.0}, "f1": 0.6666666666666666, "support": 1}, {"name": "spam", "precision": null, "recall": {"value": 0.0, "low": 0.0, "high": 0.7934506882081973}, "f1": 0.0, "support": 1}], "enough": 20}, "created_at": null}, "why_not_trained": "", "champion": "m0002-34496762", "left_out": {"skipped": 1}, "pushed": {"batches": ["36aca7d1452d"], "items": 9, "pre_annotated": 0, "refused": 0, "reranked": true}, "would_push": [], "queue": 10, "pool": 31, "labels": 19, "calls": 23, "peak_memory_mib": 190.8, "recovered": false, "problem_count": 0, "problems": [], "warnings": []}');
INSERT INTO public.runs VALUES (4, '2026-11-22T11:57:10.453877+00:00', '2026-11-22T11:57:10.965602+00:00', 'done', 14250, '{"status": "changed", "run": 4, "project": "memory:1", "seconds": 0.591, "steps": [{"name": "schema", "seconds": 0.0199}, {"name": "pull", "seconds": 0.1009}, {"name": "encode", "seconds": 0.0075}, {"name": "train", "seconds": 0.1721}, {"name": "rank", "seconds": 0.0645}, {"name": "push", "seconds": 0.0173}], "pulled": {"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 11, "changed_annotations": 0, "deleted_annotations": 0}, "encoded": 0, "trained": {"version": "m0003-ef4337d5", "status": "champion", "examples": 23, "reason": "not known yet: 3 hold-out items, 20 are needed", "scores": {"items": 3, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": {"value": 1.0, "low": 0.34238022395464934, "high": 1.0}, "recall": {"value": 1.0, "low": 0.34238022395464934, "high": 1.0}, "f1": 1.0, "support": 2}, {"name": "spam", "precision": {"value": 1.0, "low": 0.2065493117918027, "high": 1.0}, "recall": {"value": 1.0, "low": 0.2065493117918027, "high": 1.0}, "f1": 1.0, "support": 1}], "enough": 20}, "created_at": null}, "why_not_trained": "", "champion": "m0003-ef4337d5", "left_out": {"skipped": 2}, "pushed": {"batches": ["b27cd197cc26"], "items": 8, "pre_annotated": 0, "refused": 1, "reranked": false}, "would_push": [], "queue": 9, "pool": 22, "labels": 28, "calls": 28, "peak_memory_mib": 191.3, "recovered": false, "problem_count": 0, "problems": [], "warnings": ["Item ''ham-1'' was not queued: it is not there"]}');
INSERT INTO public.runs VALUES (5, '2026-11-22T11:57:11.056435+00:00', '2026-11-22T11:57:11.628506+00:00', 'failed', 14250, '{"error": "the platform is down", "kind": "PlatformError"}');
INSERT INTO public.state VALUES ('schema_version', '1');
INSERT INTO public.state VALUES ('project', 'memory:1');
INSERT INTO public.state VALUES ('label_schema', '{"task":"single","question":"label","classes":[{"id":"id-ham","name":"ham"},{"id":"id-spam","name":"spam"}]}');
INSERT INTO public.state VALUES ('class_names', '{"id-ham": ["ham"], "id-spam": ["spam"]}');
INSERT INTO public.state VALUES ('item_seq', '60');
INSERT INTO public.state VALUES ('last_full_pull', '2026-11-22T11:57:09.185347+00:00');
INSERT INTO public.state VALUES ('full_pull', 'done');
INSERT INTO public.state VALUES ('encoded', '60');
INSERT INTO public.state VALUES ('rerank_pending', 'no');
INSERT INTO public.state VALUES ('annotation_seq', '46');
INSERT INTO public.state VALUES ('cursor', '106');
INSERT INTO public.state VALUES ('rerank_due', 'no');
INSERT INTO public.steps VALUES (1, 'schema', 'done', '2026-11-22T11:57:09.004382+00:00', 0.01959399699990172, '{}');
INSERT INTO public.steps VALUES (1, 'pull', 'done', '2026-11-22T11:57:09.025750+00:00', 0.16135321000001568, '{"new_items": 60, "changed_items": 0, "removed_items": 0, "new_annotations": 0, "changed_annotations": 0, "deleted_annotations": 0}');
INSERT INTO public.steps VALUES (1, 'rank', 'done', '2026-11-22T11:57:09.218834+00:00', 0.037361245000283816, '{"batch": "c7b81ef301f4", "queued": 0}');
INSERT INTO public.steps VALUES (1, 'push', 'done', '2026-11-22T11:57:09.268806+00:00', 0.009418434001418063, '{"batches": ["c7b81ef301f4"], "items": 10, "pre_annotated": 0, "refused": 0, "reranked": false}');
INSERT INTO public.steps VALUES (2, 'schema', 'done', '2026-11-22T11:57:09.351197+00:00', 0.007799495000654133, '{}');
INSERT INTO public.steps VALUES (2, 'pull', 'done', '2026-11-22T11:57:09.360626+00:00', 0.05690744599996833, '{"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 12, "changed_annotations": 0, "deleted_annotations": 0}');
INSERT INTO public.steps VALUES (2, 'encode', 'done', '2026-11-22T11:57:09.436602+00:00', 0.05360234899853822, '{"encoded": 60}');
INSERT INTO public.steps VALUES (2, 'train', 'done', '2026-11-22T11:57:09.486729+00:00', 0.19948717300030694, '{"version": "m0001-92ccf86b", "status": "champion", "examples": 8, "reason": "the first model", "scores": {"items": 1, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": {"value": 0.0, "low": 0.0, "high": 0.7934506882081973}, "recall": null, "f1": null, "support": 0}, {"name": "spam", "precision": null, "recall": {"value": 0.0, "low": 0.0, "high": 0.7934506882081973}, "f1": 0.0, "support": 1}], "enough": 20}, "created_at": null}');
INSERT INTO public.steps VALUES (2, 'rank', 'done', '2026-11-22T11:57:09.726910+00:00', 0.04194442500011064, '{"batch": "9eb610d09ab8", "queued": 0}');
INSERT INTO public.steps VALUES (2, 'push', 'done', '2026-11-22T11:57:09.777556+00:00', 0.010071622000396019, '{"batches": ["9eb610d09ab8"], "items": 10, "pre_annotated": 0, "refused": 0, "reranked": false}');
INSERT INTO public.steps VALUES (3, 'schema', 'done', '2026-11-22T11:57:09.908172+00:00', 0.006980512000154704, '{}');
INSERT INTO public.steps VALUES (3, 'pull', 'done', '2026-11-22T11:57:09.919912+00:00', 0.06570132500019099, '{"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 12, "changed_annotations": 0, "deleted_annotations": 1}');
INSERT INTO public.steps VALUES (3, 'encode', 'done', '2026-11-22T11:57:10.009076+00:00', 0.006608457000766066, '{"encoded": 0}');
INSERT INTO public.steps VALUES (3, 'train', 'done', '2026-11-22T11:57:10.024714+00:00', 0.22368513500077825, '{"version": "m0002-34496762", "status": "champion", "examples": 16, "reason": "not known yet: 2 hold-out items, 20 are needed", "scores": {"items": 2, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": {"value": 0.5, "low": 0.09453120463920084, "high": 0.9054687953607992}, "recall": {"value": 1.0, "low": 0.2065493117918027, "high": 1.0}, "f1": 0.6666666666666666, "support": 1}, {"name": "spam", "precision": null, "recall": {"value": 0.0, "low": 0.0, "high": 0.7934506882081973}, "f1": 0.0, "support": 1}], "enough": 20}, "created_at": null}');
INSERT INTO public.steps VALUES (3, 'rank', 'done', '2026-11-22T11:57:10.264523+00:00', 0.053185488999588415, '{"batch": "36aca7d1452d", "queued": 1}');
INSERT INTO public.steps VALUES (3, 'push', 'done', '2026-11-22T11:57:10.325490+00:00', 0.022263853999902494, '{"batches": ["36aca7d1452d"], "items": 9, "pre_annotated": 0, "refused": 0, "reranked": true}');
INSERT INTO public.steps VALUES (4, 'schema', 'done', '2026-11-22T11:57:10.456766+00:00', 0.01989468499959912, '{}');
INSERT INTO public.steps VALUES (4, 'pull', 'done', '2026-11-22T11:57:10.488998+00:00', 0.10089699099989957, '{"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 11, "changed_annotations": 0, "deleted_annotations": 0}');
INSERT INTO public.steps VALUES (4, 'encode', 'done', '2026-11-22T11:57:10.616679+00:00', 0.00748081399979128, '{"encoded": 0}');
INSERT INTO public.steps VALUES (4, 'train', 'done', '2026-11-22T11:57:10.633145+00:00', 0.1720639499999379, '{"version": "m0003-ef4337d5", "status": "champion", "examples": 23, "reason": "not known yet: 3 hold-out items, 20 are needed", "scores": {"items": 3, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": {"value": 1.0, "low": 0.34238022395464934, "high": 1.0}, "recall": {"value": 1.0, "low": 0.34238022395464934, "high": 1.0}, "f1": 1.0, "support": 2}, {"name": "spam", "precision": {"value": 1.0, "low": 0.2065493117918027, "high": 1.0}, "recall": {"value": 1.0, "low": 0.2065493117918027, "high": 1.0}, "f1": 1.0, "support": 1}], "enough": 20}, "created_at": null}');
INSERT INTO public.steps VALUES (4, 'rank', 'done', '2026-11-22T11:57:10.860397+00:00', 0.06448598699898866, '{"batch": "b27cd197cc26", "queued": 1}');
INSERT INTO public.steps VALUES (4, 'push', 'done', '2026-11-22T11:57:10.936645+00:00', 0.01729837499988207, '{"batches": ["b27cd197cc26"], "items": 8, "pre_annotated": 0, "refused": 1, "reranked": false}');
INSERT INTO public.steps VALUES (5, 'schema', 'done', '2026-11-22T11:57:11.068769+00:00', 0.02161244200033252, '{}');
INSERT INTO public.steps VALUES (5, 'pull', 'done', '2026-11-22T11:57:11.093756+00:00', 0.08988242399937008, '{"new_items": 0, "changed_items": 0, "removed_items": 0, "new_annotations": 10, "changed_annotations": 0, "deleted_annotations": 0}');
INSERT INTO public.steps VALUES (5, 'encode', 'done', '2026-11-22T11:57:11.221131+00:00', 0.011958443999901647, '{"encoded": 0}');
INSERT INTO public.steps VALUES (5, 'train', 'done', '2026-11-22T11:57:11.240445+00:00', 0.2589438020004309, '{"version": "m0004-079aaa8e", "status": "champion", "examples": 28, "reason": "not known yet: 5 hold-out items, 20 are needed", "scores": {"items": 5, "accuracy": null, "macro_f1": null, "log_loss": null, "per_class": [{"name": "ham", "precision": {"value": 1.0, "low": 0.4385029643606804, "high": 1.0}, "recall": {"value": 0.75, "low": 0.3006418400969081, "high": 0.954412739704631}, "f1": 0.8571428571428571, "support": 4}, {"name": "spam", "precision": {"value": 0.5, "low": 0.09453120463920084, "high": 0.9054687953607992}, "recall": {"value": 1.0, "low": 0.2065493117918027, "high": 1.0}, "f1": 0.6666666666666666, "support": 1}], "enough": 20}, "created_at": null}');
INSERT INTO public.steps VALUES (5, 'rank', 'done', '2026-11-22T11:57:11.519091+00:00', 0.07471862099919235, '{"batch": "a24e336915cb", "queued": 1}');
INSERT INTO public.steps VALUES (5, 'push', 'failed', '2026-11-22T11:57:11.611089+00:00', 0.010215633999905549, '{}');
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
