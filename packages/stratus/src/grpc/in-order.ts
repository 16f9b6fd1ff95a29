/** Works on several at once, and gives the answers in the order of the questions. What is not awaited any more is left to itself. */
export async function* inOrder<Q, A>(
  questions: AsyncIterable<Q>,
  atOnce: number,
  answer: (question: Q) => Promise<A>,
): AsyncGenerator<A> {
  const source = questions[Symbol.asyncIterator]();
  const open: Promise<A>[] = [];
  let next: Promise<IteratorResult<Q>> | undefined = source.next();
  next.catch(() => {}); // said when it is its turn
  while (next !== undefined || open.length > 0) {
    const mayAsk: boolean = next !== undefined && open.length < atOnce;
    const first = open[0];
    const came: IteratorResult<Q> | 'answered' = await Promise.race([
      ...(mayAsk ? [next!] : []),
      ...(first ? [first.then(() => 'answered' as const)] : []),
    ]);
    if (came === 'answered') yield (await open.shift())!;
    else if (came.done) next = undefined;
    else {
      const work = answer(came.value);
      work.catch(() => {}); // as above
      open.push(work);
      next = source.next();
      next.catch(() => {});
    }
  }
}
