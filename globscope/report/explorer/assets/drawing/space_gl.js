// Surfaces drawn with WebGL2, on one canvas for all pictures; without it `canDrawSpace` is false.
const SPACE_VERTEX = `#version 300 es
in vec3 position, normal; in float trust;
uniform mat3 turn; uniform vec2 lens; uniform float away;
out vec3 side; out vec3 seen; out float faint;
void main() {
  vec3 place = turn * position;
  side = turn * normal; seen = vec3(0., 0., away) - place; faint = 1. - trust;
  gl_Position = vec4(place.xy * lens, 0., away - place.z);
}`;
const SPACE_FRAGMENT = `#version 300 es
precision highp float;
in vec3 side; in vec3 seen; in float faint;
uniform vec3 colour, grey; uniform float alpha; uniform bool front;
out vec4 pixel;
void main() {
  float facing = dot(normalize(side), normalize(seen));
  if (front != (facing > 0.)) discard;
  // Edges of a surface are denser than its middle, as of a bubble.
  float light = .62 + .38 * abs(facing), dense = min(1., alpha * (1.5 - .7 * abs(facing)));
  pixel = vec4(mix(colour, grey, step(.5, faint)) * light * dense, dense);
}`;
const space = {gl: undefined, uniforms: {}};

function canDrawSpace() {
  if (space.gl === undefined) space.gl = startSpace();
  return space.gl !== null;
}

function startSpace() {
  const canvas = document.createElement('canvas'), gl = canvas.getContext('webgl2', {premultipliedAlpha: true, antialias: true});
  if (!gl) return null;
  // A graphics card that is taken away leaves slices.
  canvas.addEventListener('webglcontextlost', () => { space.gl = null; choose({view: 'slice'}); });
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, SPACE_VERTEX], [gl.FRAGMENT_SHADER, SPACE_FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  for (const name of ['turn', 'lens', 'away', 'colour', 'grey', 'alpha', 'front']) space.uniforms[name] = gl.getUniformLocation(program, name);
  space.places = ['position', 'normal', 'trust'].map(name => gl.getAttribLocation(program, name));
  return gl;
}

// Put a surface's corners on the card: `arrays` are positions, normals and trust; return what `drawSurfaces` takes.
function loadSurface(arrays) {
  const {gl} = space, array = gl.createVertexArray(), buffers = arrays.map(() => gl.createBuffer());
  gl.bindVertexArray(array);
  arrays.forEach((values, k) => {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[k]);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(space.places[k]);
    gl.vertexAttribPointer(space.places[k], k < 2 ? 3 : 1, gl.FLOAT, false, 0, 0);
  });
  return {count: arrays[2].length, array, free: () => { gl.deleteVertexArray(array); buffers.forEach(buffer => gl.deleteBuffer(buffer)); }};
}

// Draw surfaces, the innermost first in the list: all back sides from the outermost inwards, then all front sides
// outwards, so that colours blend in the right order without sorting. Return the canvas, to be copied at once.
function drawSurfaces(surfaces, {turn, lens, away, width, height}) {
  const {gl, uniforms} = space;
  if (gl.canvas.width !== width || gl.canvas.height !== height) Object.assign(gl.canvas, {width, height});
  gl.viewport(0, 0, width, height);
  gl.clearColor(0, 0, 0, 0);
  gl.clear(gl.COLOR_BUFFER_BIT);
  gl.uniformMatrix3fv(uniforms.turn, true, turn);
  gl.uniform2f(uniforms.lens, ...lens);
  gl.uniform1f(uniforms.away, away);
  for (const front of [false, true]) for (const one of front ? surfaces : [...surfaces].reverse()) {
    gl.uniform1i(uniforms.front, front);
    gl.uniform3f(uniforms.colour, ...one.colour);
    gl.uniform3f(uniforms.grey, ...one.grey);
    gl.uniform1f(uniforms.alpha, one.alpha);
    gl.bindVertexArray(one.loaded.array);
    gl.drawArrays(gl.TRIANGLES, 0, one.loaded.count);
  }
  return gl.canvas;
}
