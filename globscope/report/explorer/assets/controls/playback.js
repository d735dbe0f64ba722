// Training as it went: a step, and a button that plays from the first to the last.
const PLAYING = 6000; // milliseconds from the first step to the last
const lessMotion = matchMedia('(prefers-reduced-motion: reduce)');

function playback() {
  const slider = make('input', {type: 'range', min: 0, 'aria-label': 'Training step', oninput: () => { stop(); showStep(+slider.value); }});
  const output = make('output', {}), button = pressButton('▶', 'Play training', () => { playing ? stop() : play(); });
  const group = make('span', {class: 'control step'}, button, slider, output);
  let playing = 0;

  function play() {
    const steps = stepsOf(), begin = state.step < steps.at(-1) ? state.step : steps[0];
    const from = performance.now() - PLAYING * (begin - steps[0]) / (steps.at(-1) - steps[0]);
    label('❚❚', 'Pause');
    const next = now => {
      const done = Math.max(0, Math.min(1, (now - from) / PLAYING)); // a frame may have begun before the click
      // Who asked for less motion sees one saved network after another, without what lies between.
      choose({step: done === 1 ? Infinity : lessMotion.matches ? steps[Math.floor(done * (steps.length - 1))] : steps[0] + done * (steps.at(-1) - steps[0])});
      if (done < 1) playing = requestAnimationFrame(next);
      else stop();
    };
    playing = requestAnimationFrame(next);
  }

  function stop() {
    cancelAnimationFrame(playing);
    playing = 0;
    label('▶', 'Play training');
  }

  function label(sign, name) {
    button.textContent = sign;
    button.title = name;
    button.setAttribute('aria-label', name);
  }

  function follow() {
    const steps = stepsOf();
    group.hidden = steps.length < 2;
    if (group.hidden) return stop();
    slider.max = steps.length - 1;
    slider.value = steps.findLastIndex(step => step <= state.step);
    output.textContent = `step ${Math.round(Math.min(state.step, steps.at(-1)))}`;
    slider.setAttribute('aria-valuetext', output.textContent);
  }

  return {element: group, follow, toggle: () => button.click()};
}

// Return the steps of which networks were saved, in order.
function stepsOf(study = maps[state.map].study) {
  return study.steps ??= [...new Set(study.array(study.members.step))].filter(Number.isFinite).sort((a, b) => a - b);
}

// Draw training up to the saved step of this number; the last stands for all that there is.
function showStep(number) {
  const steps = stepsOf();
  choose({step: number >= steps.length - 1 ? Infinity : steps[number]});
}

