// Tells which frame is on the screen, by its media time. Browsers report each frame they present, but only while they draw
// the page; `timeupdate` comes in whenever those reports fall behind the video, or are not to be had at all.

/** Reports older than this, against the video's own position, are not waited for any longer. */
const LATE_SECONDS = 0.5;

/** Calls `onFrame` with the frame's media time in seconds until the returned function is called. */
export function followFrames(video: HTMLVideoElement, onFrame: (mediaTime: number) => void): () => void {
  let reported = Number.NEGATIVE_INFINITY;
  const report = (mediaTime: number) => {
    reported = mediaTime;
    onFrame(mediaTime);
  };
  const catchUp = () => {
    if (!video.seeking && Math.abs(video.currentTime - reported) > LATE_SECONDS) report(video.currentTime);
  };
  const stopReports = 'requestVideoFrameCallback' in video ? followReports(video, report) : () => {};
  video.addEventListener('timeupdate', catchUp);
  return () => {
    stopReports();
    video.removeEventListener('timeupdate', catchUp);
  };
}

function followReports(video: HTMLVideoElement, report: (mediaTime: number) => void): () => void {
  let handle = 0;
  const next = () => {
    handle = video.requestVideoFrameCallback((_now, { mediaTime }) => {
      next();
      report(mediaTime);
    });
  };
  next();
  return () => video.cancelVideoFrameCallback(handle);
}
