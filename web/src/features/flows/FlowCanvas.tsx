import '@xyflow/react/dist/base.css';
import {
  Controls,
  type Edge as Line,
  MarkerType,
  type Node,
  type NodeChange,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from '@xyflow/react';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './flows.module.css';
import { anywhere, connect, edgeId, placesOf, remove, stepOf } from './model';
import type { PartProps } from './part';
import { AnywhereCard, StepCard } from './StepCard';
import { useCondition } from './useCondition';

const nodeTypes = { step: StepCard, anywhere: AnywhereCard };
const whole = { maxZoom: 1, padding: 0.08 };
const readable = 0.65;
const options = { hideAttribution: true };

/** The steps as a drawing. Everything that it does can be done in the list and the forms too. */
export default function FlowCanvas(props: PartProps) {
  return (
    <ReactFlowProvider>
      <Drawing {...props} />
    </ReactFlowProvider>
  );
}

function Drawing({ d, lang, fixed, edit, choose, chosen, current, troubled }: PartProps) {
  const { t } = useTranslation('flows');
  const condition = useCondition(lang);
  const view = useReactFlow();
  const [dragged, setDragged] = useState<Record<string, { x: number; y: number }>>({});
  const [line, setLine] = useState<string>();
  const nodes = useMemo<Node[]>(() => {
    const places = { ...placesOf(d), ...dragged };
    const all: Node[] = d.nodes.map((step) => ({
      id: step.id,
      type: 'step',
      position: places[step.id] ?? { x: 0, y: 0 },
      selected: step.id === chosen,
      deletable: !fixed,
      ariaLabel: `${step.id}, ${t(`kind.${step.kind}`)}`,
      data: { step, lang, start: step.id === d.start, current: step.id === current, troubled: troubled.has(step.id) },
    }));
    if (d.edges.some((e) => e.from === anywhere)) {
      const right = Math.max(0, ...all.map((n) => n.position.x)) + 270;
      all.push({
        id: anywhere,
        type: 'anywhere',
        position: dragged[anywhere] ?? { x: right, y: 0 },
        deletable: false,
        selectable: false,
        data: {},
      });
    }
    return all;
  }, [d, dragged, chosen, current, troubled, lang, fixed, t]);
  const edges = useMemo<Line[]>(
    () =>
      d.edges.map((e) => ({
        id: edgeId(e),
        source: e.from,
        target: e.to,
        label: e.on ? condition(stepOf(d, e.from), e.on) : undefined,
        selected: edgeId(e) === line,
        deletable: !fixed,
        ariaLabel: t('way', { on: condition(stepOf(d, e.from), e.on ?? ''), to: e.to }),
        markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16, color: 'var(--control-line)' },
        labelBgPadding: [6, 3],
        labelBgBorderRadius: 6,
      })),
    [d, line, fixed, condition, t],
  );
  // What is chosen elsewhere, and where the trial stands, is brought into sight.
  const look = current ?? chosen;
  useEffect(() => {
    const step = look === undefined ? undefined : view.getNode(look);
    if (!step) return;
    const { x, y, zoom } = view.getViewport();
    const at = { x: step.position.x * zoom + x, y: step.position.y * zoom + y };
    const box = document.querySelector(`.${classes.drawing}`)?.getBoundingClientRect();
    if (box && (at.x < 0 || at.y < 0 || at.x > box.width - 200 * zoom || at.y > box.height - 90 * zoom))
      void view.setCenter(step.position.x + 110, step.position.y + 45, { zoom, duration: 180 });
  }, [look, view]);
  const moved = (changes: NodeChange[]) => {
    for (const c of changes) {
      if (c.type !== 'position' || !c.position) continue;
      const { id, position } = c;
      if (c.dragging) {
        setDragged((all) => ({ ...all, [id]: position }));
      } else if (!fixed && id !== anywhere) {
        setDragged({});
        edit((now) => {
          const places = placesOf(now);
          return {
            ...now,
            nodes: now.nodes.map((n) => ({
              ...n,
              position: n.id === id ? round(position) : (places[n.id] ?? n.position),
            })),
          };
        }, `move ${id}`);
      }
    }
  };
  return (
    <ReactFlow
      className={classes.drawing}
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      proOptions={options}
      onInit={(made) => {
        // All of it where that can be read, else its beginning.
        void made.fitView(whole).then(() => {
          if (made.getZoom() < readable) void made.setViewport({ x: 24, y: 24, zoom: readable });
        });
      }}
      minZoom={0.2}
      maxZoom={1.6}
      nodesDraggable={!fixed}
      nodesConnectable={!fixed}
      onlyRenderVisibleElements={d.nodes.length > 60}
      deleteKeyCode={['Delete', 'Backspace']}
      ariaLabelConfig={{
        'node.a11yDescription.default': t('canvas.node'),
        'node.a11yDescription.keyboardDisabled': t('canvas.node'),
        'edge.a11yDescription.default': t('canvas.edge'),
        'controls.ariaLabel': t('canvas.controls'),
        'controls.zoomIn.ariaLabel': t('canvas.zoomIn'),
        'controls.zoomOut.ariaLabel': t('canvas.zoomOut'),
        'controls.fitView.ariaLabel': t('canvas.fit'),
      }}
      onNodesChange={(changes) => {
        moved(changes);
        const picked = changes.find((c) => c.type === 'select' && c.selected);
        if (picked && 'id' in picked) choose(picked.id);
      }}
      onEdgesChange={(changes) => {
        for (const c of changes) if (c.type === 'select') setLine(c.selected ? c.id : undefined);
      }}
      onPaneClick={() => {
        setLine(undefined);
        choose(undefined);
      }}
      onDelete={(gone) => {
        edit((now) =>
          remove(
            now,
            gone.nodes.map((n) => n.id),
            gone.edges.map((e) => e.id),
          ),
        );
        if (gone.nodes.length > 0) choose(undefined);
      }}
      onConnect={({ source, target }) => edit((now) => connect(now, source, target) ?? now)}
    >
      <Controls showInteractive={false} position="bottom-right" />
    </ReactFlow>
  );
}

const round = (p: { x: number; y: number }) => ({ x: Math.round(p.x), y: Math.round(p.y) });
